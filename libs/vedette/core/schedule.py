"""When something is due again: a period after the last time, or a cron expression in a time zone.

All instants are Unix ms. Cron expressions are read as Debian's cron reads them, over changes of
daylight-saving time too: what falls into the hour that is skipped is due right after it, what
falls into the hour that comes twice is due once, and jobs of every hour or minute go on by the
clock of the world.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from vedette.core.instants import EPOCH, to_datetime, to_ms

_FIELDS = 5
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


@dataclass(frozen=True, slots=True)
class Period:
    """Due so long after the last time."""

    every_ms: int

    def after(self, at_ms: int) -> int:
        """The first due time after something happened at `at_ms`."""
        return at_ms + self.every_ms


@dataclass(frozen=True, slots=True)
class Cron:
    """Due at the times of a cron expression (five fields, or a nickname like `@daily`)."""

    expression: str
    time_zone: str = "UTC"

    def after(self, at_ms: int) -> int:
        """The first due time strictly after `at_ms`. Raises ValueError; see `check_cron`."""
        return next(self.times(at_ms))

    def times(self, at_ms: int) -> Iterator[int]:
        """The due times strictly after `at_ms`, in order. Raises ValueError; see `check_cron`."""
        start = to_datetime(at_ms).astimezone(_zone(self.time_zone))
        try:
            for due in _Times(_expanded(self.expression), start):
                if to_ms(due) > at_ms:  # not the first of two equal times on the clock
                    yield to_ms(due)
        except CronSimError as error:
            raise ValueError(f"{self.expression!r} is no cron expression: {error}") from None


class _Times(CronSim):
    """CronSim's, where clocks are moved by half an hour too."""

    def advance_hour(self) -> bool:
        """Go on to an hour that is due; from its beginning, whatever the clock did on the way."""
        went_on = super().advance_hour()
        if went_on and self.dt.minute:
            began = self.dt.replace(minute=0)
            # Unless the clock skipped just that.
            if began.astimezone(UTC).astimezone(began.tzinfo) == began:
                self.dt = began
        return went_on


Schedule = Period | Cron


def check_cron(expression: str) -> str:
    """A cron expression, as it is. Raises ValueError that says what is wrong with it."""
    fields = _expanded(expression).split()
    if expression.startswith("@") and len(fields) != _FIELDS:
        raise ValueError(f"there is no {expression}; there is {', '.join(_NICKNAMES)}")
    if len(fields) != _FIELDS:
        raise ValueError(
            f"a cron expression has five fields (minute hour day month weekday), not {len(fields)}"
        )
    if next(Cron(expression).times(to_ms(EPOCH)), None) is None:
        raise ValueError(f"{expression!r} names a time that never comes")
    return expression


def check_time_zone(name: str) -> str:
    """The name of a time zone (IANA), as it is. Raises ValueError."""
    if name not in _zones():
        raise ValueError(f"there is no time zone {name!r}; names are like Europe/Berlin or UTC")
    return name


def _expanded(expression: str) -> str:
    return _NICKNAMES.get(expression.strip().lower(), expression)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime"}


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
