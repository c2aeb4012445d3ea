"""Heartbeats and pushed results: from reports, and their absence, to checks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vedette.core.assertions import Facts, Failure, Tree, prepare
from vedette.core.job import EVIDENCE_BODY_BYTES
from vedette.core.kinds.heartbeat import HeartbeatMonitor
from vedette.core.kinds.push import PushMonitor
from vedette.core.outcome import Outcome
from vedette.core.reporting import Finding, Signal, Terms, Vigil, afresh, lapse, take, wakes_at
from vedette.core.result import Evidence, Result
from vedette.processor.passive.store import MOST_ARRIVALS, Arrival, Listening, Ward

SETTLE_MS = 1000
"""How long after a deadline it is judged: a report that came just before it is on its way in."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking after a monitor came to."""

    vigil: Vigil
    results: list[Result]
    read_through: int
    wake_at: int | None


def look(
    ward: Ward,
    spec: HeartbeatMonitor | PushMonitor,
    arrivals: Sequence[Arrival],
    listened: Listening,
    *,
    now: int,
) -> Looked:
    """Take the reports in and see which deadlines are over. Pure.

    A deadline is judged once it is known that somebody listened until then, or that nobody did.
    """
    terms, vigil = spec.target.terms(), _vigil(ward, spec.target.terms(), now)
    results: list[Result] = []
    for arrival in arrivals:
        report = arrival.report
        if report.at < ward.active_since:
            continue  # while it was paused
        vigil, lapsed = lapse(vigil, terms, until=report.at, listening_since=listened.since)
        results += [_result(ward, finding) for finding in lapsed]
        vigil, finding = take(vigil, report)
        if finding is not None:
            results.append(_result(ward, _asserted(spec, finding, arrival), arrival.body))
    read_through = arrivals[-1].id if arrivals else ward.read_through
    if len(arrivals) == MOST_ARRIVALS:  # what is missing is told once all that came is known
        return Looked(vigil, results, read_through, wake_at=now)
    until = min(now - SETTLE_MS, listened.until)
    vigil, lapsed = lapse(vigil, terms, until=until, listening_since=listened.since)
    results += [_result(ward, finding) for finding in lapsed]
    deadline = wakes_at(vigil, terms)
    wake_at = None if deadline is None else max(deadline, now) + SETTLE_MS
    return Looked(vigil, results, read_through, wake_at)


def _vigil(ward: Ward, terms: Terms, now: int) -> Vigil:
    """What is remembered, as far as it still holds for this definition."""
    if ward.vigil is None or ward.known_since != ward.active_since:
        return afresh(ward.vigil or Vigil(), terms, at=ward.active_since)
    if ward.known_revision != ward.revision:
        return afresh(ward.vigil, terms, at=now)
    return ward.vigil


def _asserted(spec: HeartbeatMonitor | PushMonitor, finding: Finding, arrival: Arrival) -> Finding:
    """What the assertions make of a report of success."""
    if not isinstance(spec, HeartbeatMonitor) or arrival.report.signal is not Signal.SUCCESS:
        return finding
    body = arrival.body or b""
    subjects = {name: finding.facts[name] for name in ("run_time",) if name in finding.facts}
    facts = Facts({**subjects, "size": len(body)}, {"body": lambda: _text(body)})
    failure = _first(spec.assertions, facts)
    outcome = Outcome.DOWN
    if failure is None:
        failure, outcome = _first(spec.degraded_assertions, facts), Outcome.DEGRADED
    if failure is None:
        return finding
    return replace(finding, outcome=outcome, reason=failure.reason, message=failure.message)


def _first(nodes: Sequence[Tree], facts: Facts) -> Failure | None:
    return next(filter(None, (prepare(node).failure(facts) for node in nodes)), None)


def _result(ward: Ward, finding: Finding, body: bytes | None = None) -> Result:
    shown = finding.outcome is Outcome.DOWN and body
    took_ms = finding.duration_ms
    return Result(
        monitor_id=ward.id,
        revision=ward.revision,
        slot=finding.slot,
        outcome=finding.outcome,
        reason=finding.reason,
        message=finding.message,
        started_at=None if took_ms is None else int(finding.slot - took_ms),
        duration_ms=took_ms,
        facts=dict(finding.facts),
        evidence=Evidence(body=_text(body[:EVIDENCE_BODY_BYTES])) if shown and body else None,
    )


def _text(body: bytes) -> str:
    # PostgreSQL holds any text but NUL.
    return body.decode(errors="replace").replace("\0", "\ufffd")
