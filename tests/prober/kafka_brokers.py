"""What stand-ins for Kafka hold in tests: who may log in, and topics."""

from vedette.testing.kafka import Partition

ANN = {"ann": "right-secret", "a=b,c": "right-secret"}

TOPICS = {"orders": [Partition(), Partition(2, (1, 2), (2,)), Partition(1, (1, 2), (1, 2))]}
