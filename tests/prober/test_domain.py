"""What the prober makes of what was seen."""

import pytest
from pydantic import TypeAdapter
from tests.prober.support import a_batch, a_job

from vedette.core.assertions import Node
from vedette.core.outcome import Outcome, Reason
from vedette.prober.answer import Answer
from vedette.prober.domain import Expectation, Seen, Trouble, evidence_of, judge, result_of
from vedette.prober.jobs import parse_batch

HEAD = (b"HTTP/1.1 200 OK\r\n", b"Set-Cookie: s=1\r\n", b"X-A: 1\r\n", b"\r\n")


def expecting(*nodes: object, degraded_after_ms: int | None = None) -> Expectation:
    parsed = TypeAdapter(list[Node]).validate_python(list(nodes))
    return Expectation.of(parsed, degraded_after_ms)


def seeing(status: int = 200, body: bytes = b"", duration_ms: float = 10) -> Seen:
    return Seen(duration_ms, {"connect": 1.0}, {"status": status}, None, Answer(status, HEAD, body))


@pytest.mark.parametrize(
    ("status", "outcome"), [(199, "down"), (200, "up"), (299, "up"), (300, "down")]
)
def test_success_is_expected(status: int, outcome: str) -> None:
    assert judge(seeing(status), expecting()).outcome == outcome


def test_another_status_says_so() -> None:
    verdict = judge(seeing(503), expecting())
    assert (verdict.reason, verdict.message) == (Reason.STATUS, "HTTP status 503")


def test_a_status_assertion_anywhere_replaces_the_rule() -> None:
    leaf = {"subject": "status", "operator": "equals", "value": 404}
    nested = {"any": [{"not": {"subject": "body", "operator": "contains", "value": "x"}}, leaf]}
    assert judge(seeing(404), expecting(leaf)).outcome is Outcome.UP
    assert judge(seeing(503), expecting(nested)).outcome is Outcome.UP
    assert judge(seeing(200), expecting(leaf)).reason is Reason.STATUS


def test_other_assertions_come_on_top() -> None:
    leaf = {"subject": "body", "operator": "contains", "value": "well"}
    assert judge(seeing(200, b"all is well"), expecting(leaf)).outcome is Outcome.UP
    verdict = judge(seeing(200, b"ill"), expecting(leaf))
    assert verdict.reason is Reason.BODY
    assert verdict.message == "expected body contains 'well', saw 'ill'"
    assert judge(seeing(500, b"all is well"), expecting(leaf)).reason is Reason.STATUS


def test_headers_and_latency() -> None:
    header = {"subject": "header", "property": "X-a", "operator": "equals", "value": "1"}
    phase = {"subject": "latency", "property": "connect", "operator": "less", "value": 2}
    total = {"subject": "latency", "operator": "less", "value": 5}
    assert judge(seeing(), expecting(header, phase)).outcome is Outcome.UP
    assert judge(seeing(), expecting(header, phase, total)).reason is Reason.LATENCY


def test_slow_is_degraded() -> None:
    assert judge(seeing(duration_ms=100), expecting(degraded_after_ms=100)).outcome is Outcome.UP
    verdict = judge(seeing(duration_ms=812.4), expecting(degraded_after_ms=500))
    assert verdict.outcome is Outcome.DEGRADED
    assert verdict.reason is Reason.LATENCY
    assert verdict.message == "took 812 ms, more than 500 ms"


def test_trouble_of_the_target_and_of_ours() -> None:
    refused = Seen(1, trouble=Trouble(Reason.CONNECT_REFUSED, "refused"))
    ours = Seen(1, trouble=Trouble(Reason.INTERNAL_ERROR, "no files left"))
    assert judge(refused, expecting()).outcome is Outcome.DOWN
    assert judge(ours, expecting()).outcome is Outcome.INTERNAL_ERROR


def test_kinds_without_a_status_are_up_without_assertions() -> None:
    assert judge(Seen(1), expecting()).outcome is Outcome.UP


def test_evidence_is_kept_of_what_is_down_only() -> None:
    job = parse_batch(a_batch(a_job()))[0]
    down = result_of(job, seeing(500, b"x" * 5000), expecting(), 1)
    assert down.evidence is not None
    assert down.evidence.body == "x" * 4096
    assert down.evidence.headers == {"set-cookie": "********", "x-a": "1"}
    assert result_of(job, seeing(), expecting(), 1).evidence is None


def test_evidence_is_bounded() -> None:
    head = [b"HTTP/1.1 500 X\r\n", *(b"X-%d: %s\r\n" % (n, b"y" * 5000) for n in range(1000))]
    evidence = evidence_of(Answer(500, head, b"\xff\xfe"))
    assert len(evidence.headers) == 64
    assert {len(value) for value in evidence.headers.values()} == {1024}
    assert evidence.body == "��"
