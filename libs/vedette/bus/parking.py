"""Parked messages: what is told of one that no handler could deal with, and read again."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid4

from vedette.bus.api import Message, Outgoing, Queue
from vedette.core.errors import Permanent
from vedette.core.ids import derived

MOST_DETAIL = 1000

ID = "vedette-dead-id"
QUEUE = "vedette-queue"
KEY = "vedette-key"
REASON = "vedette-reason"
DETAIL = "vedette-detail"
ATTEMPTS = "vedette-attempts"
_OWN = frozenset({ID, QUEUE, KEY, REASON, DETAIL, ATTEMPTS, "traceparent"})


class Cause(StrEnum):
    """Why a message was parked."""

    PERMANENT = "permanent"
    """Its handler said that trying again can't help."""
    UNEXPECTED = "unexpected"
    """Its handler failed again and again, for no cause that passes."""
    DELIVERY_LIMIT = "delivery_limit"
    """Too many consumers died with it."""
    EXPIRED = "expired"
    """Nobody took it in time."""


@dataclass(frozen=True, slots=True)
class Parked:
    """What is known of a parked message besides its body."""

    id: UUID
    queue: str
    key: str
    reason: str
    detail: str | None
    attempts: int
    headers: dict[str, str]
    """Those it came with."""


def parked(queue: Queue, message: Message, error: BaseException, attempts: int) -> Outgoing:
    """A message as it is parked, with why."""
    cause = Cause.PERMANENT if isinstance(error, Permanent) else Cause.UNEXPECTED
    detail = f"{type(error).__name__}: {error}"[:MOST_DETAIL]
    return _parked(queue, message, cause, attempts, {DETAIL: detail})


def limited(queue: Queue, message: Message) -> Outgoing:
    """A message as it is parked that too many consumers died with."""
    return _parked(queue, message, Cause.DELIVERY_LIMIT, message.attempt, {})


def read(message: Message) -> Parked:
    """What a parked message tells, whether a handler or the broker has parked it.

    The same message gives the same id, however often it is delivered.
    """
    told = message.headers
    queue = told.get(QUEUE, message.key)
    made = derived("dead", queue, message.id, message.body.hex())
    return Parked(
        id=UUID(told[ID]) if ID in told else made,
        queue=queue,
        key=told.get(KEY, message.key),
        reason=told.get(REASON, Cause.UNEXPECTED.value),
        detail=told.get(DETAIL),
        attempts=int(told.get(ATTEMPTS, "0")),
        headers=_foreign(told),
    )


def _parked(
    queue: Queue, message: Message, cause: Cause, attempts: int, more: dict[str, str]
) -> Outgoing:
    return Outgoing(
        key=queue.name,
        body=message.body,
        id=message.id,
        traceparent=message.traceparent,
        reply_to=message.reply_to,
        headers=_foreign(message.headers)
        | {
            ID: str(uuid4()),
            QUEUE: queue.name,
            KEY: message.key,
            REASON: cause.value,
            ATTEMPTS: str(attempts),
        }
        | more,
    )


def _foreign(headers: dict[str, str]) -> dict[str, str]:
    """Neither ours nor the broker's."""
    return {
        name: value
        for name, value in headers.items()
        if name not in _OWN and not name.startswith("x-")
    }
