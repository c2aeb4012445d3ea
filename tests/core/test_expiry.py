"""When people are told that something ends soon."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vedette.core.expiry import (
    DEFAULT_DAYS,
    Ending,
    Expiry,
    certificate_expiry,
    domain_expiry,
    due,
    nearest,
)
from vedette.core.instants import iso
from vedette.core.kinds import parse_monitor
from vedette.core.outcome import Reason

DAY = 86_400_000
END = 1_900_000_000_000
EXPIRY = Expiry(Ending.CERTIFICATE, END, "one")

days_asked_for = st.sets(st.integers(1, 365), max_size=10)
# Instants around the end, as checks happen, in order.
courses = st.lists(st.integers(-400 * DAY, 10 * DAY), min_size=1, max_size=60).map(sorted)


def at(days_left: float) -> int:
    return END - int(days_left * DAY)


def course(instants: list[int], asked_for: set[int]) -> list[int]:
    """What was told, in order."""
    told: list[int] = []
    for now in instants:
        found = due(EXPIRY, asked_for, told, now=now)
        if found is not None:
            told.append(found)
    return told


@pytest.mark.parametrize(
    ("days_left", "told_before", "expected"),
    [
        (30, [], None),
        (22, [], None),
        (21.9, [], 21),  # 21 full days
        (21, [21], None),
        (15, [21], None),
        (14.5, [21], 14),
        (5, [], 7),  # 21, 14 and 7 at once: once, for the nearest
        (0.5, [21, 14, 7, 3], 1),
        (0.5, [1], None),
        (0, [], None),
        (-1, [], None),
    ],
)
def test_people_are_told_at_each_number_of_days(
    days_left: float, told_before: list[int], expected: int | None
) -> None:
    assert due(EXPIRY, DEFAULT_DAYS, told_before, now=at(days_left)) == expected


def test_without_a_date_or_without_days_there_is_nothing_to_tell() -> None:
    assert due(None, DEFAULT_DAYS, [], now=0) is None
    assert due(EXPIRY, [], [], now=at(1)) is None


@given(courses, days_asked_for)
def test_each_is_told_once_and_they_come_nearer(offsets: list[int], asked_for: set[int]) -> None:
    told = course([END + offset for offset in offsets], asked_for)
    assert set(told) <= asked_for
    assert all(later < earlier for earlier, later in pairwise(told))


@given(courses, days_asked_for)
def test_whoever_was_watched_until_the_end_was_told_of_the_last(
    offsets: list[int], asked_for: set[int]
) -> None:
    seen = [END + offset for offset in offsets if offset < 0]
    told = course(seen, asked_for)
    if seen and (last := nearest(EXPIRY.days_left(seen[-1]), asked_for)) is not None:
        assert told[-1] == last


@given(st.integers(-(10**6), 10**6), days_asked_for)
def test_the_nearest_is_the_smallest_that_is_reached(left: int, asked_for: set[int]) -> None:
    found = nearest(left, asked_for)
    if found is None:
        assert all(days < left for days in asked_for)
    else:
        assert left <= found
        assert not any(left <= days < found for days in asked_for)


def facts(**more: Any) -> dict[str, Any]:
    return {"certificate_expires_at": iso(END), "certificate_serial": "0a", **more}


def test_a_certificate_is_known_by_its_fingerprint_or_serial_and_its_end() -> None:
    expiry = certificate_expiry(facts(), None)
    assert expiry == Expiry(Ending.CERTIFICATE, END, f"0a@{END}")
    assert certificate_expiry(facts(certificate_serial="0b"), None) != expiry
    marked = certificate_expiry(facts(certificate_fingerprint="ff"), None)
    assert marked is not None
    assert marked.identity == f"ff@{END}"


def test_what_a_certificate_depends_on_counts_if_it_ends_before() -> None:
    sooner = certificate_expiry(facts(chain_expires_at=iso(END - DAY)), None)
    assert sooner is not None
    assert (sooner.at, sooner.of_chain) == (END - DAY, True)
    later = certificate_expiry(facts(chain_expires_at=iso(END + DAY)), None)
    assert later is not None
    assert (later.at, later.of_chain) == (END, False)


@pytest.mark.parametrize(
    "reason", [Reason.TLS_HOSTNAME, Reason.TLS_SELF_SIGNED, Reason.TLS_UNTRUSTED]
)
def test_the_end_of_a_certificate_that_is_not_trusted_concerns_nobody(reason: Reason) -> None:
    assert certificate_expiry(facts(), reason) is None
    assert certificate_expiry(facts(), Reason.STATUS) is not None


@pytest.mark.parametrize("stated", [None, 5, "", "soon", "2026-01-01", "9999-99-99T00:00:00Z"])
def test_a_date_that_is_none_is_left_alone(stated: object) -> None:
    assert certificate_expiry({"certificate_expires_at": stated}, None) is None
    assert domain_expiry({"domain_expires_at": stated}) is None


def a_monitor(**fields: Any) -> Any:
    target = {"url": "https://shop.example/"}
    return parse_monitor({"name": "Shop", "kind": "http", "target": target, **fields})


def test_days_are_21_14_7_3_and_1_unless_others_are_asked_for() -> None:
    assert a_monitor().certificate_days == [21, 14, 7, 3, 1]
    assert a_monitor(certificate_days=[7, 30, 7]).certificate_days == [30, 7]
    assert a_monitor(certificate_days=[]).certificate_days == []
    domain = {"name": "Shop", "kind": "domain", "target": {"name": "shop.example.org"}}
    with pytest.raises(ValidationError):
        parse_monitor(domain)
    domain["target"] = {"name": "example.org"}
    assert parse_monitor(domain).model_dump()["domain_days"] == [21, 14, 7, 3, 1]


@pytest.mark.parametrize("days", [[0], [366], [-1], "7", [1.5], list(range(1, 12)), None])
def test_days_that_make_no_sense_are_refused(days: Any) -> None:
    with pytest.raises(ValidationError, match="certificate_days"):
        a_monitor(certificate_days=days)
