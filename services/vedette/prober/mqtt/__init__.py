"""MQTT as a check speaks it: paho's properties and reason codes, over a stream of ours.

Paho's own client lives in threads and callbacks; the few packets of a check need neither.
"""
