"""AMQP 0-9-1 as a check speaks it: pamqp's frames over a stream of ours, and no more of a client.

So nothing is left running behind a check, and each phase and refusal is seen as it happens.
"""
