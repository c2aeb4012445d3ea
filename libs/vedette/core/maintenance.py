"""Maintenance: when alerts of some monitors wait, as a person writes it down.

Checks go on and states change; only alerts wait for the end, and the time counts neither as up
nor as down. Times of day are those of a time zone: one that the clock skips is taken as much
later, one that comes twice is taken the first time. Durations are real time, whatever the clock
does meanwhile.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    field_validator,
    model_validator,
)

from vedette.core.instants import to_datetime, to_ms
from vedette.core.monitor import Name, Tag
from vedette.core.schedule import Cron, check_cron, check_time_zone

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_LAST_DAY = -1
_DAY = timedelta(days=1)
# Python's calendar ends in 9999, a day sooner in some time zones.
_YEARS = range(2000, 2200)


def _clock(value: Any) -> Any:
    """`HH:MM`, a time of day."""
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return value
    raise ValueError("a time of day is HH:MM, from 00:00 to 23:59")


def _in_our_time(at: datetime) -> datetime:
    if at.year not in _YEARS:
        raise ValueError(f"this lies between the years {_YEARS[0]} and {_YEARS[-1]}")
    return at


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _day_of_month(day: int) -> int:
    if day == 0:
        raise ValueError("a day is 1 to 31, or -1 for the last one of the month")
    return day


Clock = Annotated[str, BeforeValidator(_clock), Field(examples=["02:30"])]
TimeZone = Annotated[str, AfterValidator(check_time_zone), Field(examples=["Europe/Berlin"])]
CronText = Annotated[
    str, Field(max_length=200, examples=["30 2 * * 7"]), AfterValidator(check_cron)
]
Instant = Annotated[AwareDatetime, AfterValidator(_in_our_time)]
Weekday = Annotated[
    Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    BeforeValidator(_lower),
]
DayOfMonth = Annotated[int, Field(ge=_LAST_DAY, le=31), AfterValidator(_day_of_month)]


class MaintenanceSpec(BaseModel):
    """What is to be done, and whose alerts wait. Each kind has a subclass that says when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    kind: str
    enabled: bool = Field(default=True, description="Whether alerts wait at all.")
    everything: bool = Field(
        default=False, description="All monitors of the workspace, those to come included."
    )
    monitors: list[UUID] = Field(default=[], max_length=1000, description="Ids of monitors.")
    tags: list[Tag] = Field(
        default=[], max_length=50, description="Monitors that have one of these tags."
    )

    @field_validator("monitors", "tags")
    @classmethod
    def _each_once(cls, values: list[Any]) -> list[Any]:
        return list(dict.fromkeys(values))

    @model_validator(mode="after")
    def _is_of_something(self) -> Self:
        named = bool(self.monitors or self.tags)
        if self.everything and named:
            raise ValueError("everything is true, so name neither monitors nor tags")
        if not self.everything and not named:
            raise ValueError("name monitors or tags, or set everything to true")
        return self

    def covers(self, monitor: UUID, tags: list[str]) -> bool:
        """Whether alerts of a monitor with these tags wait."""
        return self.everything or monitor in self.monitors or not set(tags).isdisjoint(self.tags)

    @property
    def length_ms(self) -> int:
        """How long it takes each time."""
        raise NotImplementedError

    def starts_after(self, at_ms: int) -> Iterator[int]:
        """The instants at which it begins that lie strictly after `at_ms`, in order."""
        raise NotImplementedError


class OnceMaintenance(MaintenanceSpec):
    """From one instant to another, once."""

    kind: Literal["once"] = "once"
    starts_at: Instant
    ends_at: Instant

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must be later than starts_at")
        return self

    @property
    def length_ms(self) -> int:
        """From its start to its end."""
        return to_ms(self.ends_at) - to_ms(self.starts_at)

    def starts_after(self, at_ms: int) -> Iterator[int]:
        """Its start, or nothing."""
        if to_ms(self.starts_at) > at_ms:
            yield to_ms(self.starts_at)


class _Recurring(MaintenanceSpec):
    LONGEST_S: ClassVar[int] = 7 * 86_400

    duration_s: int = Field(ge=60, description="Seconds from each start to its end.")
    time_zone: TimeZone = Field(default="UTC", description="An IANA name, such as Europe/Berlin.")

    @field_validator("duration_s")
    @classmethod
    def _not_endless(cls, value: int) -> int:
        if value > cls.LONGEST_S:
            raise ValueError(f"this is at most {cls.LONGEST_S} seconds")
        return value

    @property
    def length_ms(self) -> int:
        """As long each time."""
        return self.duration_s * 1000


class _OnDays(_Recurring):
    start_time: Clock = Field(description="The time of day at which it begins.")

    def falls_on(self, day: date) -> bool:
        """Whether it begins on a day."""
        raise NotImplementedError

    def starts_after(self, at_ms: int) -> Iterator[int]:
        """The start time on each of the days."""
        zone, clock = _zone(self.time_zone), time.fromisoformat(self.start_time)
        day = to_datetime(at_ms).astimezone(zone).date() - _DAY
        while day.year in _YEARS:
            if self.falls_on(day):
                start = to_ms(datetime.combine(day, clock, zone))
                # Where a calendar skipped a day, two days begin at the same instant.
                if start > at_ms:
                    at_ms = start
                    yield start
            day += _DAY


class DailyMaintenance(_OnDays):
    """Every day."""

    kind: Literal["daily"] = "daily"
    LONGEST_S: ClassVar[int] = 86_400

    def falls_on(self, day: date) -> bool:
        """On any."""
        return True


class WeeklyMaintenance(_OnDays):
    """On days of the week."""

    kind: Literal["weekly"] = "weekly"
    weekdays: list[Weekday] = Field(min_length=1, max_length=7)

    def falls_on(self, day: date) -> bool:
        """On one of these."""
        return _WEEKDAYS[day.weekday()] in self.weekdays


class MonthlyMaintenance(_OnDays):
    """On days of the month."""

    kind: Literal["monthly"] = "monthly"
    days: list[DayOfMonth] = Field(
        min_length=1,
        max_length=32,
        description="1 to 31, where there is such a day; -1 is the last one of the month.",
    )

    def falls_on(self, day: date) -> bool:
        """On one of these, or the last one if that is meant."""
        is_last = (day + _DAY).day == 1
        return day.day in self.days or (is_last and _LAST_DAY in self.days)


class CronMaintenance(_Recurring):
    """At the times of a cron expression."""

    kind: Literal["cron"] = "cron"
    cron: CronText = Field(description="Minute, hour, day, month, weekday.")

    def starts_after(self, at_ms: int) -> Iterator[int]:
        """As Debian's cron has it over changes of daylight-saving time."""
        return Cron(self.cron, self.time_zone).times(at_ms)


MAINTENANCES: dict[str, type[MaintenanceSpec]] = {
    "once": OnceMaintenance,
    "daily": DailyMaintenance,
    "weekly": WeeklyMaintenance,
    "monthly": MonthlyMaintenance,
    "cron": CronMaintenance,
}
AnyMaintenance = Annotated[
    OnceMaintenance | DailyMaintenance | WeeklyMaintenance | MonthlyMaintenance | CronMaintenance,
    Field(discriminator="kind"),
]
_ADAPTER: TypeAdapter[MaintenanceSpec] = TypeAdapter(AnyMaintenance)


def parse_maintenance(definition: object) -> MaintenanceSpec:
    """A definition as a person wrote it. Raises pydantic's ValidationError."""
    return _ADAPTER.validate_python(definition)


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
