"""From what a probe saw, and what was expected, to a result. Pure: no I/O, no clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from vedette.core.assertions import Facts, Failure, Prepared, Tree, prepare, subjects
from vedette.core.channel import REDACTED
from vedette.core.job import EVIDENCE_BODY_BYTES, Detail, Keeping
from vedette.core.outcome import Outcome, Reason
from vedette.core.redaction import hidden_url
from vedette.core.result import Evidence, Hop, Result
from vedette.prober.answer import Answer
from vedette.prober.jobs import Job

_SUCCESS = range(200, 300)
_OURS = frozenset({Reason.INTERNAL_ERROR, Reason.FORBIDDEN_TARGET})
# What a probe finds by comparing; its message tells of what it saw.
_COMPARED = frozenset(
    {
        Reason.STATUS,
        Reason.BODY,
        Reason.HEADER,
        Reason.JSON,
        Reason.LATENCY,
        Reason.CERTIFICATE,
        Reason.ANSWER,
        Reason.RCODE,
        Reason.LOSS,
    }
)
# Subjects of assertions that are shown as well.
_SHOWN_SUBJECTS = ("ip", "size", "redirects", "rcode", "loss", "run_time")
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "set-cookie", "set-cookie2"})
_LOCATIONS = frozenset({"location", "content-location", "refresh"})
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_EVIDENCE_HEADERS = 64
_EVIDENCE_HEADER_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no complete answer to judge. Our own trouble has Reason.INTERNAL_ERROR."""

    reason: Reason
    message: str

    @property
    def without_values(self) -> str | None:
        """What may be said where values that were seen may not; None if it is about these."""
        return None if self.reason in _COMPARED else self.message


class Seen(NamedTuple):
    """What one probe saw of its target. Times are milliseconds."""

    duration_ms: float
    phases: Mapping[str, float] = _NOTHING
    facts: Mapping[str, str | int | float | bool] = _NOTHING
    trouble: Trouble | None = None
    answer: Answer | None = None
    # What else assertions may look at, by their subject: a kind's own rcode, answer, certificate.
    subjects: Mapping[str, Any] = _NOTHING
    secrets: Sequence[str] = ()
    """What was sent that the definition doesn't hold and nobody may be shown: a token."""
    hops: Sequence[Hop] = ()
    """The requests, if there were several."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a definition asks of its target, made ready to be judged by."""

    assertions: Sequence[Prepared] = ()
    degraded_after_ms: int | None = None
    degraded_assertions: Sequence[Prepared] = ()
    expect_failure: bool = False
    any_status: bool = False
    """Whether an assertion says which status is good, in place of the rule of 200 to 299."""
    registration: bool = False
    """Whether an assertion looks at the registration of the target's domain."""
    undemanding: bool = field(init=False)
    """Whether any answer of a good status will do."""

    def __post_init__(self) -> None:
        demands = (self.assertions, self.degraded_assertions, self.degraded_after_ms is not None)
        object.__setattr__(self, "undemanding", not any(demands))

    @classmethod
    def of(
        cls,
        assertions: Sequence[Tree],
        degraded_after_ms: int | None = None,
        *,
        degraded_assertions: Sequence[Tree] = (),
        expect_failure: bool = False,
    ) -> "Expectation":
        """The expectation of a definition's validated assertions."""
        return cls(
            tuple(map(prepare, assertions)),
            degraded_after_ms,
            tuple(map(prepare, degraded_assertions)),
            expect_failure,
            "status" in subjects(assertions),
            "domain" in subjects([*assertions, *degraded_assertions]),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and what goes with it."""

    outcome: Outcome
    reason: Reason | None = None
    message: str | None = None
    without_values: str | None = None

    def told(self, detail: Detail) -> str | None:
        """The message; what is our own fault is always told."""
        if detail == "full" or self.outcome is Outcome.INTERNAL_ERROR:
            return self.message
        return self.without_values if detail == "no_values" else None


@dataclass(frozen=True, slots=True)
class Telling:
    """How much of a check is told and kept."""

    detail: Detail = "full"
    evidence: Keeping = "on_failure"
    body_bytes: int = EVIDENCE_BODY_BYTES

    def keeps(self, outcome: Outcome) -> bool:
        """Whether evidence is kept of a check that ended so."""
        return self.evidence == "always" or (
            self.evidence == "on_failure" and outcome is Outcome.DOWN
        )


AS_USUAL = Telling()


_UP = Verdict(Outcome.UP)


def judge(seen: Seen, expectation: Expectation) -> Verdict:
    """The outcome of one check."""
    verdict = _upright(seen, expectation)
    return _upside_down(verdict) if expectation.expect_failure else verdict


def _upright(seen: Seen, expectation: Expectation) -> Verdict:
    if seen.trouble is not None:
        return _fallen(Outcome.DOWN, seen.trouble)
    failure = _wrong_status(seen, expectation)
    if failure is None and expectation.undemanding:  # as most are
        return _UP
    facts = _facts(seen) if expectation.assertions or expectation.degraded_assertions else None
    failure = failure or _first(expectation.assertions, facts)
    if failure is not None:
        return _fallen(Outcome.DOWN, failure)
    failure = _too_slow(seen, expectation) or _first(expectation.degraded_assertions, facts)
    if failure is not None:
        return _fallen(Outcome.DEGRADED, failure)
    return _UP


def _fallen(outcome: Outcome, why: Trouble | Failure) -> Verdict:
    ours = why.reason in _OURS
    outcome = Outcome.INTERNAL_ERROR if ours else outcome
    return Verdict(outcome, why.reason, why.message, why.without_values)


def _upside_down(verdict: Verdict) -> Verdict:
    """The verdict on a target that is to fail; a fault of ours stays one."""
    if verdict.outcome is Outcome.DOWN:
        return Verdict(Outcome.UP)
    if verdict.outcome.is_vote:
        words = "expected it to fail, but it did not"
        return Verdict(Outcome.DOWN, Reason.ANSWER, words, words)
    return verdict


def result_of(
    job: Job,
    seen: Seen,
    expectation: Expectation,
    started_at: int,
    telling: Telling = AS_USUAL,
) -> Result:
    """The result of a check that ran."""
    verdict = judge(seen, expectation)
    kept = seen.answer if telling.keeps(verdict.outcome) else None
    message = verdict.told(telling.detail)
    fields = {
        "monitor_id": job.monitor_id,
        "revision": job.revision,
        "slot": job.slot,
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "message": message,
        "started_at": started_at,
        # What round(ms, 3) makes of it, at a quarter of the cost; so do the phases.
        "duration_ms": int(seen.duration_ms * 1000 + 0.5) / 1000,
        "phases": {phase: int(ms * 1000 + 0.5) / 1000 for phase, ms in seen.phases.items()},
        "facts": dict(seen.facts),
        "hops": list(seen.hops),
        "evidence": None if kept is None else evidence_of(kept, telling.body_bytes),
    }
    if message is None and not seen.hops and _storable(seen.facts):
        return Result.of_valid(fields)
    return Result(**fields)


def _storable(facts: Mapping[str, Any]) -> bool:
    """Whether no fact can hold what a target may say and nobody can send or store."""
    for fact in facts.values():
        if isinstance(fact, str) and ("\0" in fact or not fact.isascii()):
            return False
    return True


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


def evidence_of(answer: Answer, body_bytes: int = EVIDENCE_BODY_BYTES) -> Evidence:
    """What a person is shown of a target's answer, without its secrets."""
    headers = {
        name: _shown(name, value)[:_EVIDENCE_HEADER_CHARACTERS]
        for name, value in list(answer.headers().items())[:_EVIDENCE_HEADERS]
    }
    return Evidence(
        headers=headers,
        body=answer.text(body_bytes),
        truncated=len(answer.body) > body_bytes,
    )


def _shown(header: str, value: str) -> str:
    if header in _SECRET_HEADERS:
        return REDACTED
    return hidden_url(value) if header in _LOCATIONS else value


def _wrong_status(seen: Seen, expectation: Expectation) -> Failure | None:
    status = seen.answer.status if seen.answer is not None else None
    if status is None or status in _SUCCESS or expectation.any_status:
        return None
    return Failure(Reason.STATUS, f"HTTP status {status}", "expected HTTP status 200 to 299")


def _too_slow(seen: Seen, expectation: Expectation) -> Failure | None:
    limit = expectation.degraded_after_ms
    if limit is None or seen.duration_ms <= limit:
        return None
    words = f"took {seen.duration_ms:.0f} ms, more than {limit} ms"
    return Failure(Reason.LATENCY, words, f"took more than {limit} ms")


def _first(assertions: Sequence[Prepared], facts: Facts | None) -> Failure | None:
    if facts is None:
        return None
    return next(filter(None, (assertion.failure(facts) for assertion in assertions)), None)


def _facts(seen: Seen) -> Facts:
    """What assertions may look at; what none looks at isn't decoded."""
    subjects: dict[str, Any] = {
        name: seen.facts[name] for name in _SHOWN_SUBJECTS if name in seen.facts
    }
    subjects["latency"] = {"total": seen.duration_ms, **seen.phases}
    makers: dict[str, Callable[[], Any]] = {}
    if seen.answer is not None:
        subjects["status"] = seen.answer.status
        makers = {"body": seen.answer.text, "header": seen.answer.fields}
    return Facts({**subjects, **seen.subjects}, makers)
