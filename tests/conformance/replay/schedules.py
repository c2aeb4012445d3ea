"""By what schedules: slots, the agenda, and the regions that jobs go to."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from uuid import UUID

import orjson

from vedette.core.slots import slots_between
from vedette.scheduler.domain import Agenda, Monitor, batches

_HOUR_MS = 3_600_000
_START_MS = 1_000_000_000
_ID = UUID(int=7)
_OWN = "default"


def spread(probe: Mapping[str, Any]) -> dict[str, Any]:
    """How often a monitor is due, and how far apart."""
    interval = probe["interval_s"] * 1000
    slots = list(slots_between(_ID, interval, _START_MS, _START_MS + 2 * _HOUR_MS))
    gaps = {(later - earlier) / 1000 for earlier, later in pairwise(slots)}
    hour = [slot for slot in slots if slot <= _START_MS + _HOUR_MS]
    return {"runs_per_hour": len(hour), "spacing_s": gaps.pop() if len(gaps) == 1 else gaps}


def replaced(probe: Mapping[str, Any]) -> dict[str, Any]:
    """A monitor whose interval changes: what is due in the hour after."""
    agenda = Agenda()
    agenda.put(_monitor(probe["first_interval_s"], 1), after=_START_MS, now=_START_MS)
    agenda.put(_monitor(probe["then_interval_s"], 2), after=_START_MS, now=_START_MS)
    return {"runs_per_hour": len(agenda.take(_START_MS + _HOUR_MS, 10_000))}


def caught_up(probe: Mapping[str, Any]) -> dict[str, Any]:
    """What is taken after a pause."""
    agenda = Agenda()
    agenda.put(
        _monitor(1, 1), after=_START_MS + probe["last_finished_tick_s"] * 1000, now=_START_MS
    )
    slots = [due.slot for due in agenda.take(_START_MS + 60_000, 1000)]
    in_order = slots == sorted(set(slots)) and len(slots) > 1
    return {"order": "by scheduled time, each once" if in_order else slots}


def shared(probe: Mapping[str, Any]) -> dict[str, Any]:
    """Which share of a monitor's slots a region gets; without regions it is the prober's own."""
    own = _region(probe["region"])
    regions = tuple(map(_region, probe["regions"])) if probe.get("regions") else (_OWN,)
    own = own if probe.get("regions") else _OWN
    agenda = Agenda()
    rotating = probe.get("mode") == "round_robin"
    agenda.put(_monitor(60, 1, regions, rotating=rotating), after=_START_MS, now=_START_MS)
    due = agenda.take(_START_MS + _HOUR_MS, 1000)
    jobs = [len(orjson.loads(one.body)["jobs"]) for one in batches(due) if one.region == own]
    share = sum(jobs) / len(due)
    return {"share": share}


def _region(name: str) -> str:
    return name.replace("_", "-")


def _monitor(
    interval_s: int, version: int, regions: tuple[str, ...] = (_OWN,), *, rotating: bool = False
) -> Monitor:
    return Monitor(
        id=_ID,
        shard=0,
        version=version,
        revision=1,
        interval_ms=interval_s * 1000,
        regions=regions,
        job_prefix=b"{",
        active_since=0,
        rotating=rotating,
    )
