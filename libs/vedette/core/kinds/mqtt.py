"""Kind `mqtt`: a login to an MQTT broker, and a message that comes or goes around.

Up when the broker takes the login (CONNECT) and answers a ping, and all that is asked below holds.
With `topic`, a message must come there before the time is over, a retained one or a fresh one; the
first to come must fit the pattern `expect`, if one is given. With `round_trip`, a message of the
check's own is published to the `topic`, and must come back; others that come there are passed over.

The port is 1883, or 8883 with `tls`. Phases: resolve, connect, tls, login, exchange. Assertions may
look at `ip`, `latency`, `certificate`, and at the message that came: `body`, `json`, `size`. What
the broker refuses (login, subscription, publication) has the reason `status`, and its words are in
the message; a message that does not fit has the reason `body`, and none in time is a `timeout`.

A broker lets no two clients have the same `client_id`: it drops the first for the second. So each
check has one of its own, unless one is given here.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from vedette.core.dialogue import compiled
from vedette.core.endpoints import ServiceEndpoint
from vedette.core.monitor import ProbedSpec

_MOST_BYTES = 65_535


def _text(text: str) -> str:
    if len(text.encode()) > _MOST_BYTES or "\0" in text:
        raise ValueError(f"MQTT lets texts have {_MOST_BYTES} bytes, none of them zero")
    return text


def _topic(topic: str) -> str:
    levels = topic.split("/")
    if "#" in topic and ("#" in "".join(levels[:-1]) or levels[-1] != "#"):
        raise ValueError("# stands for all levels from there on: alone, as the last one")
    if any("+" in level and level != "+" for level in levels):
        raise ValueError("+ stands for one level: alone between slashes")
    return topic


def _pattern(pattern: str) -> str:
    compiled(pattern)
    return pattern


Text = Annotated[str, AfterValidator(_text)]
Topic = Annotated[
    str, Field(min_length=1, max_length=1000), AfterValidator(_text), AfterValidator(_topic)
]
Pattern = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_pattern)]


class MqttTarget(ServiceEndpoint):
    """A broker, whom it is to let in, and the topic that is looked at."""

    PORTS: ClassVar = (1883, 8883)

    version: Literal["3.1.1", "5"] = Field(default="3.1.1", description="The version of MQTT.")
    username: Text | None = Field(default=None, max_length=1024)
    password: Text | None = Field(default=None, max_length=16_384, repr=False)
    client_id: Text | None = Field(
        default=None, min_length=1, max_length=256, description="Default: a new one each time."
    )
    keepalive_s: int = Field(
        default=60,
        ge=0,
        le=65_535,
        description="The seconds of silence after which the broker may end the connection.",
    )
    topic: Topic | None = Field(
        default=None,
        description="Where a message must come; + and # stand for any levels, as in MQTT.",
        examples=["sensors/1/state", "$SYS/broker/uptime"],
    )
    qos: Literal[0, 1] = Field(
        default=0, description="The quality of service asked for: 0 at most, 1 at least once."
    )
    expect: Pattern | None = Field(
        default=None, description="A pattern (RE2) to be found in the first message that comes."
    )
    round_trip: bool = Field(
        default=False, description="Publish a message to the topic, and wait for it to come back."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.topic is None and (self.round_trip or self.expect is not None):
            raise ValueError("round_trip and expect need the topic at which a message is to come")
        if self.round_trip and self.expect is not None:
            raise ValueError("round_trip or expect, not both: what comes back is known")
        if self.round_trip and self.topic is not None and not {"+", "#"}.isdisjoint(self.topic):
            raise ValueError("round_trip publishes to the topic, which can't have + or # then")
        if self.password is not None and self.username is None and self.version != "5":
            raise ValueError(f"MQTT {self.version} knows no password without a username")
        return self

    def summary(self) -> str:
        """The broker and the topic."""
        return f"MQTT {self.peer}" + (f" {self.topic}" if self.topic is not None else "")


class MqttMonitor(ProbedSpec):
    """A monitor of kind mqtt."""

    kind: Literal["mqtt"] = "mqtt"
    target: MqttTarget
