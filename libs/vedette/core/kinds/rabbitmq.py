"""Kind `rabbitmq`: a login to a RabbitMQ broker, and what is asked of a queue.

Up when the broker speaks AMQP 0-9-1, lets the user in to the virtual host, opens a channel, and
all that is asked below holds. With `queue`, that queue must exist; it is only looked at, never
made or read from. With `round_trip`, a message of the check's own is published to a queue that
the broker makes for this one connection, confirmed, and fetched again: the user needs the right
to make queues.

The port is 5672, or 5671 with `tls`. Phases: resolve, connect, tls, login, exchange. Assertions may
look at `ip`, `latency`, `certificate`, and as `json` at what the broker said of itself and the
queue: `json $.messages < 1000`, `json $.consumers > 0`, `json $.version starts_with '3.'` (also
product and cluster). What the broker refuses (login, virtual host, queue) has the reason `status`,
and its words are in the message.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from vedette.core.endpoints import ServiceEndpoint
from vedette.core.monitor import ProbedSpec

_MOST_BYTES = 255


def _short(name: str) -> str:
    if len(name.encode()) > _MOST_BYTES:
        raise ValueError(f"AMQP lets names have {_MOST_BYTES} bytes")
    return name


ShortName = Annotated[str, Field(min_length=1), AfterValidator(_short)]


class RabbitmqTarget(ServiceEndpoint):
    """A broker, whom it is to let in, and what it is asked."""

    PORTS: ClassVar = (5672, 5671)

    username: str = Field(default="guest", min_length=1, max_length=255, pattern=r"^[^\x00]*$")
    password: str = Field(default="guest", max_length=1024, pattern=r"^[^\x00]*$", repr=False)
    vhost: ShortName = Field(
        default="/", max_length=127, description="The virtual host to log in to."
    )
    queue: ShortName | None = Field(
        default=None,
        description="A queue that must exist; how many messages and consumers it has is told.",
    )
    round_trip: bool = Field(
        default=False,
        description="Publish a message to a queue made for this, and fetch it from there.",
    )

    def summary(self) -> str:
        """The broker, the virtual host and the queue."""
        asked = f" queue {self.queue}" if self.queue is not None else ""
        return f"RabbitMQ {self.peer} {self.vhost}{asked}"


class RabbitmqMonitor(ProbedSpec):
    """A monitor of kind rabbitmq."""

    kind: Literal["rabbitmq"] = "rabbitmq"
    target: RabbitmqTarget
