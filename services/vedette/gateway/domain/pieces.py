"""A stretch of time in pieces: as far as it goes by sums of a day or an hour, else by checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from vedette.core.instants import EPOCH

Step = Literal["hour", "day"]
LENGTHS: dict[Step, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Through:
    """Up to when there are sums by the hour, and by the day."""

    hour: datetime
    day: datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """Sums by the hour or the day, or the checks themselves, from an instant to another."""

    source: Literal["hour", "day", "check"]
    since: datetime
    until: datetime


def pieces(
    since: datetime, until: datetime, through: Through, *, coarsest: Step = "day"
) -> list[Piece]:
    """Pieces that follow one another from `since` to `until`, as coarse as they may be."""
    hours = _whole("hour", since, until, through.hour)
    if hours is None:
        return [Piece("check", since, until)]
    found = [
        Piece("check", since, hours[0]),
        Piece("hour", *hours),
        Piece("check", hours[1], until),
    ]
    days = _whole("day", *hours, through.day) if coarsest == "day" else None
    if days is not None:
        found[1:2] = [
            Piece("hour", hours[0], days[0]),
            Piece("day", *days),
            Piece("hour", days[1], hours[1]),
        ]
    return [piece for piece in found if piece.since < piece.until]


def steps(since: datetime, until: datetime, step: Step) -> Sequence[datetime]:
    """The starts of the steps of UTC that lie at least in part between two instants."""
    start, length = _floor(since, LENGTHS[step]), LENGTHS[step]
    return [start + number * length for number in range(-((start - until) // length))]


def _whole(
    step: Step, since: datetime, until: datetime, through: datetime
) -> tuple[datetime, datetime] | None:
    length = LENGTHS[step]
    start, end = -(-(since - EPOCH) // length), min((until - EPOCH, through - EPOCH)) // length
    return (EPOCH + start * length, EPOCH + end * length) if start < end else None


def _floor(at: datetime, length: timedelta) -> datetime:
    return EPOCH + (at - EPOCH) // length * length
