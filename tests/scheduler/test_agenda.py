"""What is due when, without a clock or a database."""

from __future__ import annotations

import itertools
import json
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from vedette.core.slots import SHARDS, offset_ms, shard_of, slot_after, slots_between
from vedette.scheduler.domain import Agenda, Monitor, batches, fair_share

MINUTE = 60_000
NOW = 10 * MINUTE
IDS = st.uuids(version=4)


def a_monitor(**fields: object) -> Monitor:
    id = fields.pop("id", uuid4())
    assert isinstance(id, UUID)
    defaults = {
        "id": id,
        "shard": shard_of(id),
        "version": 1,
        "revision": 1,
        "interval_ms": MINUTE,
        "regions": ("default",),
        "job_prefix": b'{"monitor_id":"%b",' % str(id).encode(),
        "active_since": 0,
    }
    return Monitor(**(defaults | fields))  # type: ignore[arg-type]


def slots_of(agenda: Agenda, until: int) -> list[int]:
    return [due.slot for due in agenda.take(until, 10_000)]


@given(IDS, st.integers(5, 86_400), st.integers(0, 2**41))
def test_the_slot_after_an_instant_is_the_next_on_the_grid(
    id: UUID, interval_s: int, at: int
) -> None:
    interval = interval_s * 1000
    slot = slot_after(id, interval, at)
    assert at < slot <= at + interval
    assert slot % interval == offset_ms(id, interval)


@given(IDS, st.integers(5, 3600), st.integers(0, 2**41), st.integers(0, 10**7))
def test_slots_between_are_all_of_them(id: UUID, interval_s: int, after: int, span: int) -> None:
    interval = interval_s * 1000
    slots = list(slots_between(id, interval, after, after + span))
    assert all(after < slot <= after + span for slot in slots)
    assert len(slots) in {span // interval, span // interval + 1}
    assert all(later - earlier == interval for earlier, later in itertools.pairwise(slots))


def test_load_is_spread_over_shards_and_the_interval() -> None:
    ids = [UUID(int=number) for number in range(10_000)]
    shards = [shard_of(id) for id in ids]
    assert max(shards.count(shard) for shard in range(SHARDS)) < 2 * len(ids) / SHARDS
    tenths = [offset_ms(id, MINUTE) * 10 // MINUTE for id in ids]
    assert all(800 < tenths.count(tenth) < 1200 for tenth in range(10))


def test_every_slot_is_taken_once_in_order() -> None:
    agenda, monitor = Agenda(), a_monitor()
    agenda.put(monitor, after=0, now=NOW)
    first = slots_of(agenda, 10 * MINUTE)
    assert first == list(slots_between(monitor.id, MINUTE, 0, 10 * MINUTE))
    assert slots_of(agenda, 10 * MINUTE) == []
    assert slots_of(agenda, 12 * MINUTE) == list(
        slots_between(monitor.id, MINUTE, 10 * MINUTE, 12 * MINUTE)
    )


def test_a_new_monitor_is_due_at_once_and_then_on_its_grid() -> None:
    agenda, monitor = Agenda(), a_monitor(active_since=5 * MINUTE)
    agenda.put(monitor, after=MINUTE, now=NOW)
    due = agenda.take(7 * MINUTE, 100)
    assert (due[0].slot, due[0].urgent) == (5 * MINUTE, True)
    regular = [one.slot for one in due if not one.urgent]
    assert regular == list(slots_between(monitor.id, MINUTE, 5 * MINUTE - 1, 7 * MINUTE))


def test_one_taken_over_goes_on_from_the_watermark() -> None:
    agenda, monitor = Agenda(), a_monitor(active_since=MINUTE)
    agenda.put(monitor, after=3 * MINUTE, now=NOW)
    due = agenda.take(5 * MINUTE, 100)
    assert not any(one.urgent for one in due)
    assert [one.slot for one in due] == list(
        slots_between(monitor.id, MINUTE, 3 * MINUTE, 5 * MINUTE)
    )


def test_an_edited_monitor_repeats_and_skips_nothing() -> None:
    agenda, before = Agenda(), a_monitor()
    agenda.put(before, after=0, now=NOW)
    seen = slots_of(agenda, 5 * MINUTE)
    agenda.put(a_monitor(id=before.id, version=2), after=0, now=NOW)
    seen += slots_of(agenda, 10 * MINUTE)
    assert seen == list(slots_between(before.id, MINUTE, 0, 10 * MINUTE))


def test_one_that_is_probed_in_another_way_is_checked_at_once_and_then_on_its_grid() -> None:
    agenda, monitor = Agenda(), a_monitor(interval_ms=60 * MINUTE)
    agenda.put(monitor, after=NOW, now=NOW)
    changed = a_monitor(id=monitor.id, version=2, revision=2, interval_ms=60 * MINUTE)
    agenda.put(changed, after=0, now=NOW + MINUTE)
    renamed = a_monitor(id=monitor.id, version=3, revision=2, interval_ms=60 * MINUTE)
    agenda.put(renamed, after=0, now=NOW + 2 * MINUTE)
    first, *others = agenda.take(NOW + 120 * MINUTE, 10)
    assert (first.slot, first.urgent, first.monitor) == (NOW + MINUTE, True, renamed)
    regular = slot_after(monitor.id, 60 * MINUTE, NOW)
    assert [one.slot for one in others if not one.urgent] == [regular, regular + 60 * MINUTE]
    assert len(others) == 2


def test_an_edit_before_the_first_regular_slot_does_not_repeat_the_first_check() -> None:
    agenda, monitor = Agenda(), a_monitor(active_since=NOW)
    agenda.put(monitor, after=0, now=NOW)
    assert slots_of(agenda, NOW) == [NOW]
    agenda.put(a_monitor(id=monitor.id, version=2, active_since=NOW), after=0, now=NOW + 1)
    assert slots_of(agenda, NOW + 2) == []


def test_slots_of_a_shorter_interval_begin_with_the_change() -> None:
    agenda, before = Agenda(), a_monitor(interval_ms=60 * MINUTE)
    agenda.put(before, after=0, now=NOW)
    (last,) = slots_of(agenda, 60 * MINUTE)
    changed = last + 50 * MINUTE
    agenda.put(a_monitor(id=before.id, version=2), after=0, now=changed)
    assert slots_of(agenda, changed + 2 * MINUTE) == list(
        slots_between(before.id, MINUTE, changed, changed + 2 * MINUTE)
    )


def test_a_slot_that_was_due_before_its_interval_was_changed_is_not_lost() -> None:
    agenda, before = Agenda(), a_monitor()
    agenda.put(before, after=0, now=NOW)
    (last,) = slots_of(agenda, MINUTE)
    agenda.put(a_monitor(id=before.id, version=2, interval_ms=5000), after=0, now=last + 70_000)
    assert slots_of(agenda, last + 70_000)[0] <= last + MINUTE + 5000


def test_one_that_its_last_owner_may_not_have_known_has_its_first_check() -> None:
    agenda, monitor = Agenda(), a_monitor(active_since=MINUTE)
    agenda.put(monitor, after=MINUTE + 500, now=MINUTE + 700)
    due = agenda.take(2 * MINUTE, 100)
    assert [one.slot for one in due if one.urgent] == [MINUTE]
    assert [one.slot for one in due if not one.urgent] == list(
        slots_between(monitor.id, MINUTE, MINUTE + 500, 2 * MINUTE)
    )


def test_a_resumed_monitor_that_was_never_seen_paused_is_due_at_once() -> None:
    agenda, before = Agenda(), a_monitor()
    agenda.put(before, after=0, now=NOW)
    slots_of(agenda, 2 * MINUTE)
    agenda.put(a_monitor(id=before.id, version=3, active_since=3 * MINUTE), after=0, now=NOW)
    assert 3 * MINUTE in slots_of(agenda, 3 * MINUTE)


def test_what_was_removed_is_not_due() -> None:
    agenda, gone, kept = Agenda(), a_monitor(), a_monitor()
    agenda.put(gone, after=0, now=NOW)
    agenda.put(kept, after=0, now=NOW)
    agenda.remove(gone.id)
    assert {due.monitor.id for due in agenda.take(5 * MINUTE, 100)} == {kept.id}
    agenda.remove_shards([kept.shard])
    assert agenda.take(10 * MINUTE, 100) == []
    assert len(agenda) == 0


def test_a_recheck_is_one_urgent_slot_more() -> None:
    agenda, monitor = Agenda(), a_monitor()
    agenda.put(monitor, after=0, now=NOW)
    agenda.add_recheck(monitor.id, 1234)
    agenda.add_recheck(uuid4(), 1234)  # of a monitor that others look after
    urgent = [due.slot for due in agenda.take(2 * MINUTE, 100) if due.urgent]
    assert urgent == [1234]


def test_a_recheck_is_taken_once_however_often_it_is_asked_for() -> None:
    agenda, monitor = Agenda(), a_monitor()
    agenda.put(monitor, after=0, now=NOW)
    taken = []
    for version in (2, 3):
        agenda.add_recheck(monitor.id, 1234)
        agenda.add_recheck(monitor.id, 1234)
        taken += [due.slot for due in agenda.take(1234, 100) if due.urgent]
        agenda.put(a_monitor(id=monitor.id, version=version), after=0, now=NOW)
    assert taken == [1234]


def test_a_limit_leaves_the_rest_for_later() -> None:
    agenda = Agenda()
    for _ in range(20):
        agenda.put(a_monitor(), after=0, now=NOW)
    first = agenda.take(MINUTE, 15)
    rest = agenda.take(MINUTE, 15)
    assert (len(first), len(rest)) == (15, 5)
    assert first[-1].slot <= rest[0].slot


def test_batches_are_by_region_and_urgency_and_of_a_hundred() -> None:
    agenda = Agenda()
    for _ in range(150):
        agenda.put(a_monitor(regions=("eu", "us")), after=0, now=NOW)
    due = agenda.take(MINUTE, 1000)
    made = batches(due)
    assert sorted((batch.region, len(_jobs(batch.body))) for batch in made) == [
        ("eu", 50),
        ("eu", 100),
        ("us", 50),
        ("us", 100),
    ]
    job = _jobs(made[0].body)[0]
    assert (job["slot"], job["run_by"]) == (due[0].slot, due[0].slot + MINUTE)
    assert job["monitor_id"] == str(due[0].monitor.id)
    assert made[0].last_start == max(job["run_by"] for job in _jobs(made[0].body))


def test_shards_are_shared_out_wholly() -> None:
    for instances in range(1, 70):
        share = fair_share(instances)
        assert share * instances >= SHARDS
        assert (share - 1) * instances < SHARDS


def _jobs(body: bytes) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = json.loads(body)["jobs"]
    return jobs
