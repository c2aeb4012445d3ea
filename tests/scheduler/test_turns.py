"""Regions that take turns: which slot is whose follows from the slot, for everybody the same."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from tests.scheduler.test_agenda import IDS, MINUTE, a_monitor

from vedette.core.slots import offset_ms, regions_of, slot_after, slots_between
from vedette.scheduler.domain import Agenda, batches

REGIONS = ("fra", "nyc", "sgp")


@given(IDS, st.integers(5, 3600), st.integers(0, 2**41), st.integers(1, 32))
def test_regular_slots_are_for_one_region_after_the_other(
    id: UUID, interval_s: int, at: int, count: int
) -> None:
    interval, regions = interval_s * 1000, [f"r{number}" for number in range(count)]
    slot = slot_after(id, interval, at)
    turns = [regions_of(id, interval, slot + n * interval, regions) for n in range(2 * count)]
    assert all(len(turn) == 1 for turn in turns)
    assert [turn[0] for turn in turns[:count]] == [turn[0] for turn in turns[count:]]
    assert sorted(turn[0] for turn in turns[:count]) == sorted(regions)
    places = [regions.index(turn[0]) for turn in turns]
    assert all((later - earlier) % count == 1 % count for earlier, later in pairwise(places))


@given(IDS, st.integers(5, 3600), st.integers(0, 2**41))
def test_what_is_due_in_between_is_for_all(id: UUID, interval_s: int, at: int) -> None:
    interval = interval_s * 1000
    regular = at % interval == offset_ms(id, interval)
    assert (regions_of(id, interval, at, REGIONS) == REGIONS) is not regular


def test_monitors_are_spread_over_the_regions_at_any_time() -> None:
    slots = {id: slot_after(id, MINUTE, 10**12) for id in (uuid4() for _ in range(3000))}
    count = Counter(regions_of(id, MINUTE, slot, REGIONS)[0] for id, slot in slots.items())
    assert min(count.values()) > 900


def test_jobs_go_to_the_region_whose_turn_it_is_and_confirmations_to_all() -> None:
    agenda, monitor = Agenda(), a_monitor(regions=REGIONS, rotating=True)
    agenda.put(monitor, after=0, now=6 * MINUTE)
    recheck = slot_after(monitor.id, MINUTE, 2 * MINUTE) + 5000
    agenda.add_recheck(monitor.id, recheck)
    sent: dict[int, set[str]] = {}
    for batch in batches(agenda.take(6 * MINUTE, 100)):
        for job in json.loads(batch.body)["jobs"]:
            sent.setdefault(job["slot"], set()).add(batch.region)
    assert sent.pop(recheck) == set(REGIONS)
    regular = list(slots_between(monitor.id, MINUTE, 0, 6 * MINUTE))
    assert sorted(sent) == regular
    assert [len(sent[slot]) for slot in regular] == [1] * 6
    assert set.union(*(sent[slot] for slot in regular[:3])) == set(REGIONS)
