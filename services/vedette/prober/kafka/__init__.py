"""Kafka's protocol as a check speaks it: aiokafka's requests and answers over a stream of ours.

Its client would connect to addresses that brokers name, and go on in tasks of its own.
"""
