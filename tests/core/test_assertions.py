"""What assertions hold for which facts, and what is said when they don't."""

from typing import Any

import pytest
from tests.core.asserting import holds, judged, leaf, said, seen

from vedette.core.outcome import Reason

JSON = '{"n": 42, "f": 1.0, "t": "10", "l": [1, 2, 3], "o": {"a": 1}, "z": null, "y": true}'


@pytest.mark.parametrize(
    ("path", "operator", "value", "expected"),
    [
        ("$.n", "equals", 42, True),
        ("$.n", "equals", 42.0, True),
        ("$.n", "equals", "42", False),
        ("$.t", "equals", 10, False),
        ("$.t", "not_equals", 10, True),
        ("$.y", "equals", 1, False),
        ("$.z", "equals", None, True),
        ("$.z", "not_equals", None, False),
        ("$.o", "equals", {"a": 1.0}, True),
        ("$.o", "equals", {"a": True}, False),
        ("$.l", "equals", [1, 2, 3], True),
        ("$.n", "greater", 9, True),
        ("$.n", "greater", "9", True),
        ("$.t", "less", 9, False),
        ("$.t", "less", "9", False),
        ("$.n", "between", [42, 43], True),
        ("$.y", "greater", 0, False),
        ("$.n", "in", [1, 42], True),
        ("$.t", "in", [10], False),
        ("$.l", "contains", 2, True),
        ("$.l", "contains", "2", False),
        ("$.n", "contains", "4", True),
        ("$.o", "contains", '"a":1', True),
        ("$.t", "starts_with", "1", True),
        ("$.t", "matches", "^[0-9]+$", True),
        ("$.n", "matches", "^4", True),
        ("$.l", "length", 3, True),
        ("$.o", "length", {"greater": 0}, True),
        ("$.t", "length", {"between": [1, 2]}, True),
        ("$.z", "length", 4, False),
        ("$.z", "exists", True, True),
        ("$.none", "exists", False, True),
        ("$[?@.a == 1]", "exists", True, True),
        ("$[?match(@, '1.')]", "equals", "10", True),
        ("$[?glob(@, '1*')]", "equals", "10", True),
    ],
)
def test_json(path: str, operator: str, value: Any, expected: bool) -> None:
    assert holds(leaf("json", operator, value, property=path), body=JSON) is expected


def test_json_is_the_body_or_what_is_given_as_such() -> None:
    assert holds(leaf("json", "equals", "x"), body='\ufeff"x"')
    assert holds(leaf("json", "equals", [1]), json=[1])


@pytest.mark.parametrize("operator", ["equals", "not_equals", "less", "matches"])
def test_what_is_missing_neither_holds_nor_fails(operator: str) -> None:
    missing = leaf("json", operator, "x", property="$.none")
    for body in ("{}", "<html>", ""):
        assert not holds(missing, body=body)
        assert not holds({"not": missing}, body=body)
        assert not holds({"not": {"not": missing}}, body=body)
    absent = {"any": [leaf("json", "exists", False, property="$.none"), missing]}
    assert holds(absent, body="{}")
    assert not holds(absent, body="<html>")


def test_several_json_nodes_must_each_fit_unless_one_is_enough() -> None:
    every = leaf("json", "equals", "up", property="$[*].s")
    some = {**every, "match": "any"}
    mixed = '[{"s": "up"}, {"s": "down"}]'
    assert not holds(every, body=mixed)
    assert holds(some, body=mixed)
    assert said(every, body=mixed) == "expected json $[*].s equals 'up', saw 'down'"


def test_one_answer_is_enough_unless_each_must_fit() -> None:
    records = ["192.0.2.1", "192.0.2.2"]
    one = leaf("answer", "equals", "192.0.2.2")
    assert holds(one, answer=records)
    assert not holds({**one, "match": "every"}, answer=records)
    assert holds(leaf("answer", "starts_with", "192.", match="every"), answer=records)
    assert said(leaf("answer", "equals", "x"), answer=records).endswith(
        "saw '192.0.2.1', '192.0.2.2'"
    )


def test_other_sections_of_an_answer() -> None:
    other = leaf("answer", "contains", "ns1", property="authority")
    assert holds(other, answer=[], authority=["ns1.example."])
    assert not holds(other, answer=["ns1.example."])


def test_headers_by_name_or_wildcard() -> None:
    headers = {"x-good-1": "2", "x-good-a": "1", "content-length": "512"}
    assert holds(leaf("header", "equals", "2", property="X-Good-1"), header=headers)
    assert holds(leaf("header", "equals", "2", property="*-good-[0-9]"), header=headers)
    assert not holds(leaf("header", "equals", "1", property="*-good-[0-9]"), header=headers)
    assert holds(leaf("header", "less", 1000, property="Content-Length"), header=headers)
    assert holds(leaf("header", "exists", False, property="X-None"), header=headers)
    assert not holds({"not": leaf("header", "equals", "x", property="X-None")}, header=headers)


def test_certificates() -> None:
    certificate = {"days_left": 12.34, "names": ["a.example", "b.example"], "chain_valid": True}
    days = leaf("certificate", "greater", 14, property="days_left")
    assert holds(
        leaf("certificate", "equals", "b.example", property="names"), certificate=certificate
    )
    assert holds(
        leaf("certificate", "equals", True, property="chain_valid"), certificate=certificate
    )
    failure = judged(days, certificate=certificate)
    assert failure is not None
    assert failure.reason is Reason.CERTIFICATE
    assert failure.message == ("expected certificate days_left greater than 14 days, saw 12.3 days")
    assert not holds(days)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (leaf("size", "less", 1), Reason.BODY),
        (leaf("redirects", "equals", 7), Reason.TOO_MANY_REDIRECTS),
        (leaf("ip", "equals", "x"), Reason.ANSWER),
        (leaf("rcode", "equals", "x"), Reason.RCODE),
        (leaf("loss", "less", 1), Reason.LOSS),
        (leaf("run_time", "less", 1), Reason.RUN_LATE),
        (leaf("latency", "less", 1, property="connect"), Reason.LATENCY),
        ({"subject": "json_schema", "value": {"type": "array"}}, Reason.JSON),
    ],
)
def test_each_subject_has_its_reason(written: Any, reason: Reason) -> None:
    subjects = {"size": 5, "redirects": 5, "ip": "y", "rcode": "y", "loss": 5.0, "run_time": 5.0}
    failure = judged(written, **subjects, latency={"total": 5.0, "connect": 4.0}, body="{}")
    assert failure is not None
    assert failure.reason is reason


def test_a_schema_says_what_does_not_fit() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "string"}}}
    written = {"subject": "json_schema", "value": schema}
    assert holds(written, body='{"n": "x"}')
    assert said(written, body='{"n": 5}') == (
        "expected json $ fits its schema, saw 5 is not of type 'string' at $.n"
    )
    part = {**written, "property": "$.inner", "value": {"pattern": "^a", "uniqueItems": True}}
    assert holds(part, body='{"inner": "abc"}')
    assert not holds(part, body='{"inner": "bc"}')
    assert holds(part, body='{"inner": [1, true]}')
    assert not holds(part, body='{"inner": [{"a": 1}, {"a": 1.0}]}')


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (leaf("status", "between", [200, 299]), "expected status between 200 and 299, saw 503"),
        (leaf("status", "in", [200, 204]), "expected status in [200,204], saw 503"),
        ({"not": leaf("status", "equals", 503)}, "expected not (status equals 503), saw 503"),
        (
            {"any": [leaf("status", "less", 300), leaf("body", "equals", "ok")]},
            "expected status less than 300 or body equals 'ok', saw status 503, body 'oh'",
        ),
        (
            {"all": [leaf("status", "equals", 503), {"not": leaf("body", "exists", True)}]},
            "expected not (body exists), saw 'oh'",
        ),
        (leaf("latency", "less", 5.5), "expected latency less than 5.5 ms, saw 812.4 ms"),
        (leaf("json", "exists", True), "expected json $ exists, saw a body that is not JSON"),
        (leaf("body", "length", {"greater": 9}), "expected body length greater than 9, saw 'oh'"),
        (leaf("rcode", "equals", "NOERROR"), "expected rcode equals 'NOERROR', saw nothing"),
        (
            seen("status", "greater", "latency"),
            "expected status greater than latency, saw 503, latency 812.4 ms",
        ),
        (seen("status", "equals", "rcode"), "expected status equals rcode, saw 503, rcode nothing"),
        (
            seen("status", "equals", "json", property="$.a"),
            "expected status equals json $.a, saw 503, json $.a a body that is not JSON",
        ),
    ],
)
def test_expected_against_seen(written: Any, message: str) -> None:
    found = said(written, status=503, body="oh", latency={"total": 812.44})
    assert found.startswith(message)


def test_what_was_seen_is_cut_and_made_printable() -> None:
    message = said(leaf("body", "equals", "x"), body="A" * 1000)
    assert len(message) < 150
    assert message.endswith("...'")
    assert "\x00" not in said(leaf("json", "equals", 1), body='{"\\u0000": "\x00"}')
    assert said(
        {"subject": "json_schema", "value": {"type": "null"}}, body='"\\u0000"'
    ).isprintable()


def test_numbers_in_text_also_in_other_bases() -> None:
    for text in ("1", " 1 ", "1.0", "1e0", "0x1", "0o1", "0b1", "+1"):
        assert holds(leaf("body", "between", [1, 1]), body=text), text
    for text in ("", "one", "NaN", "inf", "0x", "١", "1" * 65, "1_0"):
        assert not holds(leaf("body", "less", 2), body=text), text
        assert not holds({"not": leaf("body", "less", 2)}, body=text), text


def test_text_is_ordered_as_text() -> None:
    dated = {"expires_at": "2027-01-31T00:00:00Z"}
    later = leaf("certificate", "greater", "2027-01-01", property="expires_at")
    assert holds(later, certificate=dated)


def test_one_thing_that_was_seen_is_compared_with_another() -> None:
    same = seen("header", "equals", "json", property="$.tags[*]") | {"property": "etag"}
    assert holds(same, header={"etag": "b"}, body='{"tags": ["a", "b"]}')
    assert not holds(same, header={"etag": "c"}, body='{"tags": ["a", "b"]}')
    assert not holds(same, header={"etag": "c"}, body='{"tags": []}')
    assert not holds({"not": same}, header={"etag": "c"}, body="no JSON")
    assert holds(seen("body", "contains", "status"), status=503, body="503 oh")
    assert holds(seen("latency", "less", "size"), latency={"total": 5.5}, size=6)
