"""By what judges results: outcomes in order, and what the processor and the incidents make of them.

Neither keeps counts beyond a threshold, so counters are compared while a run is open. A failing
target that is not confirmed yet is what Kuma calls PENDING.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from tests.conformance.mapping.reading import NotExpressible, Reading

from vedette.core.events import Cause
from vedette.core.outcome import Outcome, Reason
from vedette.core.state import State
from vedette.incidents.domain import Change, Incident, Opened, follow
from vedette.processor.domain import Judgement, Policy, Standing, Verdict, judge

_ID = UUID(int=1)
_CAUSE = Cause(reason=Reason.STATUS)
_START_MS = 1_000_000
_SENT = {True: "triggered", False: "resolved"}
_EVENTS = {State.UP: "healthy", State.DOWN: "unhealthy"}


@dataclass
class Course:
    """A monitor, and what was seen of it check by check."""

    policy: Policy
    standing: Standing
    incident: Incident | None = None
    slot: int = _START_MS
    seen: dict[str, list[Any]] = field(default_factory=dict)

    def see(self, *, failing: bool) -> None:
        """One more verdict."""
        outcome = Outcome.DOWN if failing else Outcome.UP
        verdict = Verdict(self.slot, outcome, _CAUSE)
        judgement = judge(self.standing, self.policy, verdict, now=self.slot)
        self.standing = judgement.standing
        sent = self._announce(judgement)
        interval = self.policy.interval_ms or 0
        after = interval if judgement.recheck is None else judgement.recheck - self.slot
        self._note(judgement, sent, failing=failing, after_s=after / 1000)
        self.slot += after

    def _announce(self, judgement: Judgement) -> str | None:
        sent = None
        for one in judgement.transitions:
            change = Change(one.sequence, one.state, one.since, _CAUSE)
            done = follow(self.incident, change, new_id=_ID, channels=[], now=self.slot)
            if done is not None:
                opened = isinstance(done, Opened)
                self.incident = done.incident if opened else None
                sent = _SENT[opened]
        return sent

    def _note(
        self, judgement: Judgement, sent: str | None, *, failing: bool, after_s: float
    ) -> None:
        standing, state = self.standing, self.standing.state
        suspect = failing and state is not State.DOWN
        noted = {
            "statuses": "PENDING" if suspect else state.value.upper(),
            "changes": bool(judgement.transitions),
            "notified": sent is not None,
            "sent": sent,
            "triggered": self.incident is not None,
            "retries": _count(standing.failures, counted=failing),
            "failures_in_a_row": _count(standing.failures, counted=failing),
            "successes_in_a_row": _count(standing.successes, counted=not failing),
            "next_check_after_s": after_s,
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
    for outcome in reading.get("outcomes", default):
        if outcome not in {"ok", "fail"}:
            raise NotExpressible(f"outcomes {outcome}")
        course.see(failing=(outcome == "fail") is not reading.get("upside_down", False))
    for key in ("url", "upside_down"):
        reading.get(key)
    if reading.get("send_on_resolved", True) is not True:
        raise NotExpressible("send_on_resolved: false")
    if reading.get("resend_every", 0) != 0:
        raise NotExpressible("resend_every")
    reading.finish()
    return course.seen


def change(probe: Mapping[str, Any]) -> dict[str, Any]:
    """One step, from a status of Kuma's to another."""
    previous, current = probe["previous"], probe["current"]
    # PENDING goes on or ends, as the check says: it needs one more failure, or more than one.
    threshold = 3 if current == "PENDING" else 2
    policy = replace(_policy(60, None, threshold, 1), failure_threshold=threshold)
    known = {"UP": State.UP, "DOWN": State.DOWN, "PENDING": State.UP}[previous]
    failures = 1 if previous == "PENDING" else 0
    if previous == "UP" and current == "DOWN":
        policy = replace(policy, failure_threshold=1)
    standing = Standing(known, 0, verdict=known, failures=failures, run_since=1, round=1)
    course = Course(policy, standing, _open() if known is State.DOWN else None)
    course.see(failing=current != "UP")
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
    return Course(policy, standing, _open() if standing.state is State.DOWN else None)


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
    return Incident(_ID, since=0, opened_at=0, opened_by=1, cause=_CAUSE, channels=())


def _count(number: int, *, counted: bool) -> int | None:
    """None where nobody counts any more."""
    if not counted:
        return 0
    return number or None
