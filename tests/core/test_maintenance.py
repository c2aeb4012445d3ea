"""Which maintenance can be written down, and whose alerts it is about."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from vedette.core.maintenance import MaintenanceSpec, parse_maintenance


def a_daily(**fields: Any) -> dict[str, Any]:
    """A definition."""
    return {
        "name": "Backups",
        "kind": "daily",
        "start_time": "02:30",
        "duration_s": 3600,
        "everything": True,
        **fields,
    }


def a_once(**fields: Any) -> dict[str, Any]:
    """A definition."""
    start, end = "2026-03-01T22:00:00+01:00", "2026-03-02T02:00:00Z"
    return {
        "name": "Move",
        "kind": "once",
        "starts_at": start,
        "ends_at": end,
        "tags": ["db"],
        **fields,
    }


def a_cron(**fields: Any) -> dict[str, Any]:
    """A definition."""
    definition = a_daily(**{"kind": "cron", "cron": "30 2 * * 7", **fields})
    del definition["start_time"]
    return definition


def refusal(definition: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        parse_maintenance(definition)
    [error] = caught.value.errors()
    return f"{'.'.join(map(str, error['loc'][1:]))}: {error['msg']}"


@pytest.mark.parametrize(
    "definition",
    [
        a_once(),
        a_daily(),
        a_daily(time_zone="Etc/GMT+5"),
        a_daily(kind="weekly", weekdays=["Monday", "sunday"]),
        a_daily(kind="monthly", days=[1, 31, -1]),
        a_cron(time_zone="Europe/Berlin"),
    ],
)
def test_what_is_written_is_read_back(definition: dict[str, Any]) -> None:
    spec = parse_maintenance(definition)
    assert parse_maintenance(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (a_daily(start_time="24:00"), "start_time: Value error, a time of day is HH:MM"),
        (a_daily(start_time="2:30"), "start_time: Value error, a time of day is HH:MM"),
        (a_daily(start_time="02:60"), "start_time: Value error, a time of day is HH:MM"),
        (a_daily(start_time=230), "start_time: Value error, a time of day is HH:MM"),
        (a_daily(duration_s=0), "duration_s: Input should be greater than or equal to 60"),
        (a_daily(duration_s=86_401), "duration_s: Value error, this is at most 86400 seconds"),
        (a_cron(duration_s=700_000), "duration_s: Value error, this is at most 604800 seconds"),
        (a_daily(time_zone="Mars/Base"), "time_zone: Value error, there is no time zone 'Mars"),
        (a_daily(kind="weekly", weekdays=[]), "weekdays: List should have at least 1 item"),
        (a_daily(kind="weekly", weekdays=["moonday"]), "weekdays.0: Input should be 'monday'"),
        (a_daily(kind="monthly", days=[32]), "days.0: Input should be less than or equal to 31"),
        (a_daily(kind="monthly", days=[0]), "days.0: Value error, a day is 1 to 31, or -1"),
        (a_cron(cron="every day"), "cron: Value error, a cron expression has five fields"),
        (a_cron(cron="61 * * * *"), "cron: Value error, '61 * * * *' is no cron"),
        (a_once(ends_at="2026-03-01T21:00:00Z"), ": Value error, ends_at must be later than"),
        (a_once(starts_at="2026-03-01T22:00:00"), "starts_at: Input should have timezone info"),
        (a_once(ends_at="9999-03-01T21:00:00Z"), "ends_at: Value error, this lies between"),
        (a_once(tags=[]), ": Value error, name monitors or tags, or set everything"),
        (a_daily(tags=["db"]), ": Value error, everything is true, so name neither"),
        (a_daily(color="red"), "color: Extra inputs are not permitted"),
    ],
)
def test_a_bad_definition_is_refused(definition: dict[str, Any], said: str) -> None:
    assert refusal(definition).startswith(said)


def covering(**scope: Any) -> MaintenanceSpec:
    return parse_maintenance(a_daily(everything=False) | scope)


def test_it_is_about_monitors_tags_or_everything() -> None:
    monitor = uuid4()
    assert covering(everything=True).covers(monitor, [])
    assert covering(monitors=[str(monitor)]).covers(monitor, [])
    assert covering(tags=["db", "web"]).covers(monitor, ["db"])
    both = covering(monitors=[str(UUID(int=1))], tags=["web"])
    assert not both.covers(monitor, ["db"])
    assert both.covers(UUID(int=1), [])
