"""The envelope of events, identifiers and instants."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from vedette.core.events import EVENTS, Event, MonitorRef, MonitorUpdated
from vedette.core.ids import derived, uuid7
from vedette.core.instants import iso, to_datetime, to_ms

REF = MonitorRef(id=UUID(int=7), name="Shop", kind="http", target="GET http://a.example/")


def test_an_event_comes_back_as_it_was() -> None:
    event = Event.of(MonitorUpdated(monitor=REF, paused=True), workspace=UUID(int=1), at_ms=0)
    read = Event.model_validate_json(event.model_dump_json(exclude_none=True))
    assert read == event
    assert read.payload() == MonitorUpdated(monitor=REF, paused=True)
    assert (read.type, read.name) == ("vedette.monitor.updated.v1", "monitor.updated")
    assert (read.subject, read.time) == (f"monitor/{UUID(int=7)}", "1970-01-01T00:00:00.000Z")


def test_every_event_has_its_own_name() -> None:
    assert all(name == model.NAME for name, model in EVENTS.items())


@given(st.integers(0, 2**47))
def test_instants_are_exact(ms: int) -> None:
    if ms < to_ms(to_datetime(0).replace(year=9999)):
        assert to_ms(to_datetime(ms)) == ms


def test_instants_are_written_in_utc() -> None:
    assert iso(1_000_000_000_001) == "2001-09-09T01:46:40.001Z"


@given(st.integers(0, 2**47), st.integers(1, 2**20))
def test_ids_made_later_sort_later(at: int, later: int) -> None:
    first, second = uuid7(at), uuid7(at + later)
    assert first < second
    assert (first.version, first.variant) == (7, UUID(int=0x8000 << 48).variant)


def test_derived_ids_tell_their_parts_apart() -> None:
    assert derived("a", "b") == derived("a", "b")
    assert derived("a", "b") != derived("ab", "") != derived("", "ab")
