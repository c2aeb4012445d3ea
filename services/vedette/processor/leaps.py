"""Leaps of the database's clock, by which nothing may be deleted at once.

A clock that shows a wrong month would have all that was seen past its retention, and what is
dropped is gone when it is put right. No clock tells whether it has leapt or nobody was there for
so long; so after either, retention waits until people can have noticed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from vedette.store.pool import Connection

LEAP = timedelta(days=3)
"""A leap that is shorter costs no more than the days by which it is too early."""
WAIT = timedelta(days=7)
"""How long retention waits after a leap."""
ADVICE = "If the clock is wrong, put it right until then; if it isn't, there is nothing to do."


@dataclass(frozen=True, slots=True)
class Leap:
    """More time has passed by the clock than passes between two looks at the storage."""

    before: datetime
    after: datetime

    @property
    def words(self) -> str:
        """What happened, as far as can be known, and what comes of it."""
        return (
            f"the database's clock leapt from {_shown(self.before)} to {_shown(self.after)}, or no"
            f" processor ran: nothing is deleted until {_shown(self.after + WAIT)}"
        )

    def holds(self, now: datetime) -> bool:
        """Whether retention waits. It doesn't any more once the clock is put back."""
        return self.after <= now < self.after + WAIT


def leap_at(now: datetime, *, looked: datetime, last: Leap | None) -> Leap | None:
    """The last leap, as of `now`, when storage was `looked` after the last time before. Pure."""
    if now - looked < LEAP:
        return last if last and last.after <= now else None
    return Leap(last.before if last and last.holds(looked) else looked, now)


async def reckoned(db: Connection, now: datetime) -> datetime:
    """The time by which something is past its retention: `now`, or what it was before a leap.

    In a transaction, which takes down that storage is looked after now.
    """
    await db.execute("insert into upkeep (ran_at) values ($1) on conflict do nothing", now)
    row = await db.fetchrow("select ran_at, leapt_from, leapt_at from upkeep for update")
    assert row is not None
    last = Leap(row["leapt_from"], row["leapt_at"]) if row["leapt_at"] else None
    leap = leap_at(now, looked=row["ran_at"], last=last)
    await db.execute(
        "update upkeep set ran_at = $1, leapt_from = $2, leapt_at = $3",
        now,
        leap and leap.before,
        leap and leap.after,
    )
    return leap.before if leap and leap.holds(now) else now


async def waiting(db: Connection, now: datetime) -> Leap | None:
    """The leap for which retention waits `now`, if it does."""
    row = await db.fetchrow("select leapt_from, leapt_at from upkeep where leapt_at is not null")
    leap = row and Leap(row["leapt_from"], row["leapt_at"])
    return leap if leap and leap.holds(now) else None


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
