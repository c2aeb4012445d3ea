"""What happens around every handler, on either bus: tracing, measuring, retrying, parking.

Outermost first: a span follows the sender's; the time is measured; what can't be dealt with is
parked on `vedette.dead`; what failed for a passing cause is tried again in place. Trying in
place, with the message unacknowledged, keeps its prefetch slot taken: an outage slows the
consumer down instead of spinning messages through the queue.
"""

import asyncio
import random
import time
from collections.abc import Callable

import structlog
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from vedette.bus import parking
from vedette.bus.api import Binding, Bus, Exchange, Handler, Message, Outgoing, Queue
from vedette.core.errors import Permanent, Transient
from vedette.telemetry.traces import span

ATTEMPTS = 4
"""How often a handler is called with a message that makes it fail for no passing cause."""

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0

handled = Counter("vedette_messages_handled_total", "Messages dealt with.", ["queue", "end"])
seconds = Histogram("vedette_message_seconds", "Time to deal with a message.", ["queue"])

log = structlog.get_logger()
Middleware = Callable[[Bus, Queue, Handler], Handler]


def wrap(bus: Bus, queue: Queue, handler: Handler) -> Handler:
    """`handler` with every middleware around it."""
    for middleware in reversed(MIDDLEWARE):
        handler = middleware(bus, queue, handler)
    return handler


def traced(_bus: Bus, queue: Queue, handler: Handler) -> Handler:
    """One span a message, below the sender's."""

    async def trace(message: Message) -> None:
        with span(f"{label(queue)} process", parent=message.traceparent, kind=SpanKind.CONSUMER):
            await handler(message)

    return trace


def measured(_bus: Bus, queue: Queue, handler: Handler) -> Handler:
    """Time each message, whatever its end."""
    timer = seconds.labels(label(queue))

    async def measure(message: Message) -> None:
        began = time.perf_counter()
        try:
            await handler(message)
        finally:
            timer.observe(time.perf_counter() - began)

    return measure


class GaveUp(Exception):
    """A message that can't be dealt with: why, and after how many tries."""

    def __init__(self, error: BaseException, tries: int) -> None:
        super().__init__(str(error))
        self.error = error
        self.tries = tries


def parked(bus: Bus, queue: Queue, handler: Handler) -> Handler:
    """Park a message that can't be dealt with, with the reason, and go on.

    If its queue says where messages go that expire, it goes there too, unless it is no message at
    all: its jobs are accounted for like those that nobody took.
    """
    done, dead = (handled.labels(label(queue), end) for end in ("done", "dead"))

    async def park(message: Message) -> None:
        try:
            await handler(message)
        except GaveUp as end:
            log.exception(
                "message parked",
                queue=queue.name,
                key=message.key,
                id=message.id,
                exc_info=end.error,
            )
            await _publish(bus, Exchange.DEAD, parking.parked(queue, message, end.error, end.tries))
            if queue.expired is not None and not isinstance(end.error, Permanent):
                await _publish(bus, queue.expired.exchange, _late(queue.expired, message))
            dead.inc()
        else:
            done.inc()

    return park


def retried(_bus: Bus, queue: Queue, handler: Handler) -> Handler:
    """Try again: for ever after a Transient error, a few times after an unexpected one.

    What was parked is tried for ever, whatever the error.
    """

    async def retry(message: Message) -> None:
        tries = 0
        while True:
            tries += 1
            try:
                return await handler(message)
            except Exception as error:
                if not queue.last_resort and _gives_up(error, tries):
                    raise GaveUp(error, tries) from error
                log.warning("trying again", queue=queue.name, attempt=tries, error=str(error))
            await asyncio.sleep(_pause_s(tries))

    return retry


MIDDLEWARE: tuple[Middleware, ...] = (traced, measured, parked, retried)


def label(queue: Queue) -> str:
    """The queue's name for metrics and spans: a private queue's without its process."""
    return queue.name.partition(".")[0] if queue.private else queue.name


def _gives_up(error: Exception, tries: int) -> bool:
    if isinstance(error, Permanent):
        return True
    return tries >= ATTEMPTS and not isinstance(error, Transient)


def _pause_s(tries: int) -> float:
    doubled = _FIRST_PAUSE_S * 2.0 ** min(tries - 1, 10)
    return min(doubled, _LONGEST_PAUSE_S) + random.uniform(0, _FIRST_PAUSE_S)  # noqa: S311


async def _publish(bus: Bus, exchange: Exchange, message: Outgoing) -> None:
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(Transient),
        wait=wait_exponential_jitter(multiplier=0.1, max=5),
    )
    await retrying(bus.publish, exchange, [message])


def _late(to: Binding, message: Message) -> Outgoing:
    return Outgoing(key=to.key, body=message.body, id=message.id, traceparent=message.traceparent)
