"""Kind `kafka`: a login to a Kafka broker, and the state of a topic as it knows it.

Up when the broker answers to ApiVersions, takes the login if one is given, tells of its cluster
(Metadata), and all that is asked below holds. With `topic`, that topic must exist, and each of its
partitions must have a leader; it is only asked about, never made. With `round_trip`, a record (of
some 60 bytes, with the key `vedette`) is written to the topic's first partition, taken by all of
its replicas in sync, and read back: from its leader, at the address that the cluster names for it,
as any client would. Without, only the broker at `host` is connected to.

The port is 9092, with `tls` as well. Phases: resolve, connect, tls, login, exchange. Assertions may
look at `ip`, `latency`, `certificate`, and as `json` at what the broker told: `brokers`
(how many are alive), `cluster_id`, and of the topic `partitions`, `under_replicated` (partitions
with fewer replicas in sync than they should have) and `leaderless`, as in
`json $.under_replicated == 0` or `json $.brokers >= 3`.

What the broker refuses (login, topic, record) has the reason `status`, with Kafka's code and words;
partitions without leader, or a leader without address, have the reason `answer`. A broker that
wants TLS, or a login, and gets none closes the connection: `protocol_error`.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from vedette.core.endpoints import ServiceEndpoint
from vedette.core.monitor import ProbedSpec

Topic = Annotated[
    str, StringConstraints(min_length=1, max_length=249, pattern=r"^[A-Za-z0-9._-]+$")
]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00]*$")]


class KafkaTarget(ServiceEndpoint):
    """A broker, whom it is to let in, and the topic it is asked about."""

    PORTS: ClassVar = (9092, 9092)

    username: Secret | None = Field(default=None, description="Log in (SASL) by this name.")
    password: Secret | None = Field(default=None, repr=False)
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        default=None, description="How to log in (SASL). Default: PLAIN."
    )
    topic: Topic | None = Field(
        default=None, description="A topic that must exist, with a leader for each partition."
    )

    round_trip: bool = Field(
        default=False, description="Write a record to the topic, and read it back."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.username is None) is not (self.password is None):
            raise ValueError("username and password go together")
        if self.username is None and self.mechanism is not None:
            raise ValueError("a mechanism needs the username and password to log in with")
        if self.round_trip and self.topic is None:
            raise ValueError("round_trip needs the topic to write a record to")
        return self

    def summary(self) -> str:
        """The broker and the topic."""
        return f"Kafka {self.peer}" + (f" {self.topic}" if self.topic is not None else "")


class KafkaMonitor(ProbedSpec):
    """A monitor of kind kafka."""

    kind: Literal["kafka"] = "kafka"
    target: KafkaTarget
