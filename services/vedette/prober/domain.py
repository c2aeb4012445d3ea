"""From what a probe saw, and what was expected, to a result. Pure: no I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vedette.core.assertions import Facts, Failure, evaluate, leaves
from vedette.core.outcome import Outcome, Reason
from vedette.core.result import EVIDENCE_BODY_BYTES, Evidence, Result
from vedette.prober.answer import Answer
from vedette.prober.jobs import Job

_SUCCESS = range(200, 300)
_REDACTED = "********"
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "set-cookie", "set-cookie2"})
_EVIDENCE_HEADERS = 64
_EVIDENCE_HEADER_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no complete answer to judge. Our own trouble has Reason.INTERNAL_ERROR."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What one probe saw of its target. Times are milliseconds."""

    duration_ms: float
    phases: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    trouble: Trouble | None = None
    answer: Answer | None = None
    # What else assertions may look at, by their subject: a kind's own rcode, answer, certificate.
    subjects: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a definition asks of its target."""

    assertions: Sequence[Any] = ()
    degraded_after_ms: int | None = None
    # What the assertions look at; what nobody looks at isn't decoded.
    subjects: frozenset[str] = frozenset()

    @classmethod
    def of(cls, assertions: Sequence[Any], degraded_after_ms: int | None) -> "Expectation":
        """The expectation of a definition's validated assertions."""
        subjects = frozenset(leaf.subject for node in assertions for leaf in leaves(node))
        return cls(tuple(assertions), degraded_after_ms, subjects)


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and what goes with it."""

    outcome: Outcome
    reason: Reason | None = None
    message: str | None = None


def judge(seen: Seen, expectation: Expectation) -> Verdict:
    """The outcome of one check."""
    if seen.trouble is not None:
        ours = seen.trouble.reason is Reason.INTERNAL_ERROR
        outcome = Outcome.INTERNAL_ERROR if ours else Outcome.DOWN
        return Verdict(outcome, seen.trouble.reason, seen.trouble.message)
    failure = _failure(seen, expectation)
    if failure is not None:
        return Verdict(Outcome.DOWN, failure.reason, failure.message)
    limit = expectation.degraded_after_ms
    if limit is not None and seen.duration_ms > limit:
        message = f"took {seen.duration_ms:.0f} ms, more than {limit} ms"
        return Verdict(Outcome.DEGRADED, Reason.LATENCY, message)
    return Verdict(Outcome.UP)


def result_of(job: Job, seen: Seen, expectation: Expectation, started_at: int) -> Result:
    """The result of a check that ran."""
    verdict = judge(seen, expectation)
    down = verdict.outcome is Outcome.DOWN
    return Result(
        monitor_id=job.monitor_id,
        revision=job.revision,
        slot=job.slot,
        outcome=verdict.outcome,
        reason=verdict.reason,
        message=verdict.message,
        started_at=started_at,
        duration_ms=round(seen.duration_ms, 3),
        phases={phase: round(ms, 3) for phase, ms in seen.phases.items()},
        facts=dict(seen.facts),
        evidence=evidence_of(seen.answer) if down and seen.answer is not None else None,
    )


def internal_error(job: Job, message: str, started_at: int | None = None) -> Result:
    """The result of a check that a fault of ours kept from seeing its target."""
    return Result(
        monitor_id=job.monitor_id,
        revision=job.revision,
        slot=job.slot,
        outcome=Outcome.INTERNAL_ERROR,
        reason=Reason.INTERNAL_ERROR,
        message=message,
        started_at=started_at,
    )


def evidence_of(answer: Answer) -> Evidence:
    """What a person is shown of a failing target's answer, without its secrets."""
    headers = {
        name: _REDACTED if name in _SECRET_HEADERS else value[:_EVIDENCE_HEADER_CHARACTERS]
        for name, value in list(answer.headers().items())[:_EVIDENCE_HEADERS]
    }
    return Evidence(headers=headers, body=answer.text(EVIDENCE_BODY_BYTES))


def _failure(seen: Seen, expectation: Expectation) -> Failure | None:
    status = seen.answer.status if seen.answer is not None else None
    if status is not None and status not in _SUCCESS and "status" not in expectation.subjects:
        return Failure(Reason.STATUS, f"HTTP status {status}")
    if not expectation.assertions:
        return None
    facts = _facts(seen, expectation)
    return next(filter(None, (evaluate(node, facts) for node in expectation.assertions)), None)


def _facts(seen: Seen, expectation: Expectation) -> Facts:
    answer = seen.answer or Answer()
    return Facts(
        status=answer.status,
        body=answer.text() if "body" in expectation.subjects else None,
        headers=answer.headers() if "header" in expectation.subjects else {},
        duration_ms=seen.duration_ms,
        phases=seen.phases,
    )
