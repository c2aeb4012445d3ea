"""What the prober makes of what was seen."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.prober.support import a_batch, a_job

from vedette.core.assertions import Assertions
from vedette.core.job import Keeping
from vedette.core.outcome import Outcome, Reason
from vedette.core.result import Result
from vedette.prober.answer import Answer
from vedette.prober.domain import (
    Expectation,
    Seen,
    Telling,
    Trouble,
    evidence_of,
    judge,
    result_of,
)
from vedette.prober.jobs import parse_batch

HEAD = (b"HTTP/1.1 200 OK\r\n", b"Set-Cookie: s=1\r\n", b"X-A: 1\r\n", b"\r\n")


NODES: TypeAdapter[list[Any]] = TypeAdapter(Assertions)


def expecting(
    *nodes: object,
    degraded_after_ms: int | None = None,
    degraded_assertions: Sequence[object] = (),
    expect_failure: bool = False,
) -> Expectation:
    return Expectation.of(
        NODES.validate_python(list(nodes)),
        degraded_after_ms,
        degraded_assertions=NODES.validate_python(list(degraded_assertions)),
        expect_failure=expect_failure,
    )


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


@pytest.mark.parametrize(
    ("said", "told"),
    [("a\0b", "a\ufffdb"), ("a\udcc9b", "a\ufffdb"), ("\ud83d\ude00", "\U0001f600"), ("é", "é")],
)
@pytest.mark.parametrize("trouble", [None, Reason.PROTOCOL_ERROR])
def test_whatever_a_target_says_can_be_sent_and_stored(
    said: str, told: str, trouble: Reason | None
) -> None:
    why = None if trouble is None else Trouble(trouble, said)
    seen = Seen(1, facts={"banner": said}, trouble=why)
    result = result_of(parse_batch(a_batch(a_job()))[0], seen, expecting(), 1)
    assert Result.model_validate_json(result.model_dump_json()).facts["banner"] == told
    assert result.message in {None, told}


def test_evidence_is_bounded() -> None:
    head = [b"HTTP/1.1 500 X\r\n", *(b"X-%d: %s\r\n" % (n, b"y" * 5000) for n in range(1000))]
    evidence = evidence_of(Answer(500, head, b"\xff\xfe"))
    assert len(evidence.headers) == 64
    assert {len(value) for value in evidence.headers.values()} == {1024}
    assert evidence.body == "��"


def test_json_certificate_and_what_is_shown_are_subjects() -> None:
    seen = Seen(
        5,
        facts={"ip": "192.0.2.1", "size": 12, "redirects": 1},
        answer=Answer(200, HEAD, b'{"ok": true}'),
        subjects={"certificate": {"days_left": 30.0}},
    )
    held = (
        "json $.ok == true",
        "certificate days_left > 14",
        "ip == '192.0.2.1'",
        "size == 12 and redirects < 2",
        "latency < 6ms",
        "header x-a == '1'",
    )
    assert judge(seen, expecting(*held)).outcome is Outcome.UP
    assert judge(seen, expecting("json $.ok == false")).reason is Reason.JSON


def test_a_kinds_own_subjects() -> None:
    seen = Seen(1, subjects={"rcode": "NOERROR", "answer": ["192.0.2.1"], "body": "192.0.2.1"})
    held = ("[BODY] == 192.0.2.1", "[DNS_RCODE] == NOERROR", "answer == '192.0.2.1'")
    assert judge(seen, expecting(*held)).outcome is Outcome.UP


def test_failing_degraded_assertions_degrade() -> None:
    worse = expecting(degraded_assertions=("body contains 'well'",))
    assert judge(seeing(200, b"well"), worse).outcome is Outcome.UP
    verdict = judge(seeing(200, b"ill"), worse)
    assert (verdict.outcome, verdict.reason) == (Outcome.DEGRADED, Reason.BODY)
    assert judge(seeing(500, b"ill"), worse).outcome is Outcome.DOWN


def test_a_status_that_only_degrades_leaves_the_rule() -> None:
    worse = expecting(degraded_assertions=("status == 200",))
    assert judge(seeing(204), worse).outcome is Outcome.DEGRADED
    assert judge(seeing(404), worse).outcome is Outcome.DOWN


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (Seen(1, trouble=Trouble(Reason.CONNECT_REFUSED, "refused")), Outcome.UP),
        (Seen(1, trouble=Trouble(Reason.INTERNAL_ERROR, "no files")), Outcome.INTERNAL_ERROR),
        (Seen(1, trouble=Trouble(Reason.FORBIDDEN_TARGET, "no")), Outcome.INTERNAL_ERROR),
        (seeing(503), Outcome.UP),
        (seeing(200), Outcome.DOWN),
        (seeing(200, duration_ms=600), Outcome.DOWN),
    ],
)
def test_upside_down_what_fails_is_up(seen: Seen, outcome: Outcome) -> None:
    verdict = judge(seen, expecting(degraded_after_ms=500, expect_failure=True))
    assert verdict.outcome is outcome
    if outcome is Outcome.DOWN:
        assert verdict.message == "expected it to fail, but it did not"


def test_what_is_too_much_to_judge_is_our_fault() -> None:
    body = b"[" + b",".join([b"{}"] * 50_000) + b"]"
    seen = seeing(200, body)
    too_much = "json $[?$[*]] exists"
    assert judge(seen, expecting(too_much)).outcome is Outcome.INTERNAL_ERROR
    assert judge(seen, expecting(degraded_assertions=(too_much,))).outcome is Outcome.INTERNAL_ERROR
    upside_down = expecting(too_much, expect_failure=True)
    assert judge(seen, upside_down).outcome is Outcome.INTERNAL_ERROR


BODY = {"subject": "body", "operator": "contains", "value": "ready"}
SLOW = Trouble(Reason.TIMEOUT, "no answer within 10 s")
SAID = Trouble(Reason.BODY, "step 1, expecting '^220', saw '421 go away'")


[JOB] = parse_batch(a_batch(a_job()))


def message(seen: Seen, telling: Telling, *nodes: object) -> str | None:
    return result_of(JOB, seen, expecting(*nodes), 1, telling).message


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (seeing(body=b"a secret"), "expected body contains 'ready'"),
        (seeing(404), "expected HTTP status 200 to 299"),
        (Seen(1, trouble=SLOW), "no answer within 10 s"),
        (Seen(1, trouble=SAID), None),
    ],
)
def test_without_values_only_what_was_expected_is_told(seen: Seen, said: str | None) -> None:
    assert message(seen, Telling("no_values"), BODY) == said


def test_with_the_reason_alone_only_our_own_faults_have_words() -> None:
    assert message(seeing(404), Telling("reason_only")) is None
    ours = Seen(1, trouble=Trouble(Reason.INTERNAL_ERROR, "the CA file is not readable"))
    assert message(ours, Telling("reason_only")) == "the CA file is not readable"


@pytest.mark.parametrize(
    ("keeping", "of_good", "of_bad"),
    [("on_failure", False, True), ("always", True, True), ("never", False, False)],
)
def test_evidence_is_kept_as_is_said(keeping: Keeping, of_good: bool, of_bad: bool) -> None:
    telling = Telling(evidence=keeping)
    good = result_of(JOB, seeing(200), expecting(), 1, telling)
    bad = result_of(JOB, seeing(500), expecting(), 1, telling)
    assert (good.evidence is not None, bad.evidence is not None) == (of_good, of_bad)


def test_of_the_body_as_much_is_kept_as_is_said() -> None:
    found = [
        result_of(JOB, seeing(500, b"abcdef"), expecting(), 1, Telling(body_bytes=size))
        for size in (0, 5, 6)
    ]
    assert [(one.evidence.body, one.evidence.truncated) for one in found if one.evidence] == [
        ("", True), ("abcde", True), ("abcdef", False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"ip": "192.0.2.1", "status": 200, "size": 5, "loss": 0.5, "aa": True},
        {"certificate_issuer": "CN=a\0b"},
    ],
)
def test_a_result_is_the_same_as_if_it_had_been_validated(facts: dict[str, Any]) -> None:
    seen = Seen(1.23456, phases={"connect": 0.5}, facts=facts)
    (job,) = parse_batch(a_batch(a_job("http://a.example/")))
    result = result_of(job, seen, Expectation(), started_at=1)
    validated = Result.model_validate(result.model_dump())
    assert result == validated
    assert result.model_dump_json(exclude_defaults=True) == validated.model_dump_json(
        exclude_defaults=True
    )
    assert result.model_copy(update={"message": "said"}).message == "said"
    assert "\0" not in result.model_dump_json()
    with pytest.raises(ValidationError):
        result.message = "said"  # type: ignore[misc]
