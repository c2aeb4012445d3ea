"""By what judges results: outcomes in order, and what the processor and the incidents make of them.

Neither keeps counts beyond a threshold, so counters are compared while a run is open. A failing
target that is not confirmed yet is what Kuma calls PENDING. Its MAINTENANCE is no state of ours but
an overlay, shown beside the state: the target is checked all the same, and taken to be as before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from tests.conformance.mapping.reading import NotExpressible, Reading

from vedette.core.events import Cause
from vedette.core.instants import iso
from vedette.core.maintenance import parse_maintenance
from vedette.core.outcome import Outcome, Reason
from vedette.core.state import State
from vedette.core.windows import window_at
from vedette.incidents.domain import (
    Change,
    Incident,
    Opened,
    Planned,
    Resolved,
    Waiting,
    follow,
    opened,
    remind,
    waiting,
)
from vedette.processor.domain import Judgement, Policy, Standing, Verdict, judge

_ID = UUID(int=1)
_CAUSE = Cause(reason=Reason.STATUS)
_START_MS = 1_700_000_000_000
_MAINTENANCE = "MAINTENANCE"
_EVENTS = {State.UP: "healthy", State.DOWN: "unhealthy"}


@dataclass
class Course:
    """A monitor, and what was seen of it check by check."""

    policy: Policy
    standing: Standing
    incident: Incident | None = None
    remind_every_ms: int | None = None
    slot: int = _START_MS
    waits: tuple[Change, Waiting] | None = None
    channels: tuple[UUID, ...] = (_ID,)
    """Who is told of an incident."""
    tell_resolved: bool = True
    apart: bool = False
    """Whether it was in maintenance at the last check."""
    delivers: bool = True
    """Whether a message would arrive now; else it waits."""
    held_back: str | None = None
    told: bool = False
    seen: dict[str, list[Any]] = field(default_factory=dict)

    def see(self, *, failing: bool, maintenance: bool = False) -> None:
        """One more verdict, in maintenance or not."""
        outcome = Outcome.DOWN if failing else Outcome.UP
        verdict = Verdict(self.slot, outcome, _CAUSE)
        judgement = judge(self.standing, self.policy, verdict, now=self.slot)
        self.standing = judgement.standing
        planned = [_window(self.slot)] if maintenance else []
        sent = self._delivered(self._announce(judgement, planned))
        interval = self.policy.interval_ms or 0
        after = interval if judgement.recheck is None else judgement.recheck - self.slot
        apart = any(window_at(one.spec, self.slot) for one in planned)
        noted = {
            "statuses": _MAINTENANCE if apart else self._status(failing=failing),
            "changes": bool(judgement.transitions) or apart is not self.apart,
            "notified": sent is not None,
            "sent": sent,
            "triggered": self.incident is not None and self.told,
            "next_check_after_s": after / 1000,
        }
        self._note(judgement, noted, failing=failing)
        self.apart = apart
        self.slot += after

    def _status(self, *, failing: bool) -> str:
        state = self.standing.state
        return "PENDING" if failing and state is not State.DOWN else state.value.upper()

    def _announce(self, judgement: Judgement, planned: list[Planned]) -> str | None:
        """What is sent: by a change of state, by the end of what it waited for, by time."""
        sent = None
        for one in judgement.transitions:
            change = Change(one.sequence, one.state, one.since, _CAUSE, self.slot)
            done = follow(
                self.incident,
                change,
                new_id=_ID,
                channels=self.channels,
                now=self.slot,
                maintenances=planned,
            )
            self.waits = (change, done) if isinstance(done, Waiting) else None
            if isinstance(done, Opened | Resolved):
                sent = self._take(done)
        if self.waits is not None and waiting(self.waits[0], planned, self.slot) is None:
            change, held = self.waits
            self.waits = None
            done = opened(change, new_id=_ID, channels=self.channels, now=self.slot, held=held.held)
            sent = self._take(done)
        return sent or self._remind(planned)

    def _take(self, done: Opened | Resolved) -> str | None:
        self.incident = done.incident if isinstance(done, Opened) else None
        if not done.incident.channels:
            return None
        if isinstance(done, Opened):
            return "triggered"
        return "resolved" if self.tell_resolved else None

    def _delivered(self, sent: str | None) -> str | None:
        """Of an outage that nobody was told of, nobody is told the end."""
        if sent in {"triggered", "resolved"}:
            untold = sent == "resolved" and self.held_back == "triggered"
            self.held_back, sent = None if untold else sent, None
        if not self.delivers:
            return None
        sent, self.held_back = self.held_back or sent, None
        self.told = sent == "triggered" or (self.told and sent != "resolved")
        return sent

    def _remind(self, planned: list[Planned]) -> str | None:
        if self.incident is None or self.remind_every_ms is None or planned or not self.channels:
            return None
        reminded = remind(self.incident, every_ms=self.remind_every_ms, now=self.slot)
        if reminded is None:
            return None
        self.incident = reminded
        return "reminder"

    def _note(self, judgement: Judgement, noted: dict[str, Any], *, failing: bool) -> None:
        standing = self.standing
        noted |= {
            "retries": _count(standing.failures, counted=failing),
            "failures_in_a_row": _count(standing.failures, counted=failing),
            "successes_in_a_row": _count(standing.successes, counted=not failing),
        }
        for name, value in noted.items():
            self.seen.setdefault(name, []).append(value)
        events = [_EVENTS[one.state] for one in judgement.transitions if one.state in _EVENTS]
        self.seen.setdefault("events", []).extend(events)


def series(probe: Mapping[str, Any], expect: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Outcomes, one a check. Raises NotExpressible."""
    reading = Reading(probe, kind="state", source=source)
    course = _course(reading)
    default = ["fail"] * len(expect.get("statuses", ()))
    outcomes = reading.get("outcomes", default)
    flipped, failing = reading.get("upside_down", False), False
    delivering = reading.get("provider_delivers", True)
    for at, outcome in enumerate(outcomes):
        course.delivers = delivering[at] if isinstance(delivering, list) else delivering
        if outcome not in {"ok", "fail", "maintenance"}:
            raise NotExpressible(f"outcomes {outcome}")
        if outcome != "maintenance":
            failing = (outcome == "fail") is not flipped
        apart = outcome == "maintenance" or reading.get("maintenance", False)
        course.see(failing=failing, maintenance=apart)
    for key in ("url", "upside_down"):
        reading.get(key)
    reading.finish()
    return {**course.seen, "results_recorded": len(outcomes), "server_requests": len(outcomes)}


def change(probe: Mapping[str, Any]) -> dict[str, Any]:
    """One step, from a status of Kuma's to another."""
    previous, current = probe["previous"], probe["current"]
    # PENDING goes on or ends, as the check says: it needs one more failure, or more than one.
    threshold = 3 if current == "PENDING" else 2
    policy = replace(_policy(60, None, threshold, 1), failure_threshold=threshold)
    known = State.DOWN if previous == "DOWN" else State.UP
    failures = 1 if previous == "PENDING" else 0
    if previous in {"UP", _MAINTENANCE} and current == "DOWN":
        policy = replace(policy, failure_threshold=1)
    standing = Standing(known, 0, verdict=known, failures=failures, run_since=1, round=1)
    open_ = _open() if known is State.DOWN else None
    course = Course(policy, standing, open_, told=known is State.DOWN)
    course.apart = previous == _MAINTENANCE
    apart = current == _MAINTENANCE
    failing = known is State.DOWN if apart else current != "UP"
    course.see(failing=failing, maintenance=apart)
    return {"change": course.seen["changes"][0], "notify": course.seen["notified"][0]}


def _course(reading: Reading) -> Course:
    retries = reading.get("max_retries", 0)
    threshold = reading.get("failure_threshold", retries + 1)
    policy = _policy(
        reading.get("interval_s", 60),
        reading.get("retry_interval_s"),
        threshold,
        reading.get("success_threshold", 1),
    )
    standing = _standing(reading)
    resend = reading.get("resend_every", 0)
    return Course(
        policy,
        standing,
        _open() if standing.state is State.DOWN else None,
        told=standing.state is State.DOWN,
        remind_every_ms=resend * policy.interval_ms or None,
        channels=_channels(reading),
        tell_resolved=reading.get("send_on_resolved", True),
    )


def _channels(reading: Reading) -> tuple[UUID, ...]:
    """Somebody is told, unless it is said that there is no provider."""
    given = reading.is_given("provider")
    return (_ID,) if reading.get("provider") is not None or not given else ()


def _standing(reading: Reading) -> Standing:
    """Where it starts: new, in a status of Kuma's, or with Gatus's counters."""
    state = State(reading.get("previous_status", "PENDING").lower())
    start = reading.under("start")
    if start.get("triggered", False):
        state = State.DOWN
    failures, successes = start.get("failures", 0), start.get("successes", 0)
    start.finish()
    down = state is State.DOWN
    return Standing(
        state,
        0,
        verdict=None if state is State.PENDING else state,
        failures=0 if down else failures,
        successes=successes if down else 0,
        run_since=1 if failures or successes else None,
        round=1,
    )


def _policy(interval_s: int, retry_s: int | None, failing: int, good: int) -> Policy:
    """Without a retry interval, or with 0, a confirmation is waited for as for any check."""
    interval = interval_s * 1000
    retry = retry_s * 1000 if retry_s else interval
    return Policy(interval, 5000, failing, good, retry)


def _open() -> Incident:
    return Incident(
        _ID, since=_START_MS, opened_at=_START_MS, opened_by=1, cause=_CAUSE, channels=(_ID,)
    )


def _window(slot: int) -> Planned:
    """A maintenance of this check alone."""
    definition = {
        "name": "conformance",
        "kind": "once",
        "starts_at": iso(slot),
        "ends_at": iso(slot + 1),
        "everything": True,
    }
    return Planned(_ID, parse_maintenance(definition))


def _count(number: int, *, counted: bool) -> int | None:
    """None where nobody counts any more."""
    if not counted:
        return 0
    return number or None
