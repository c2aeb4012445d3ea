"""What assertions may cost: hostile targets and definitions hold nobody up."""

import json
from typing import Any

import pytest
from tests.core.asserting import holds, judged, leaf, node, refused

from vedette.core.assertions import Facts, evaluate
from vedette.core.outcome import Reason

MANY = json.dumps([{"a": n, "b": "x"} for n in range(30_000)])
DEEP = "[" + ",".join(["[" * 90 + "]" * 90] * 4000) + "]"
DOUBLING: dict[str, Any] = {
    "$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    | {"d40": True},
    "$ref": "#/$defs/d0",
}


@pytest.mark.parametrize(
    ("written", "body"),
    [
        (leaf("json", "exists", False, property="$[?$[*]]"), MANY),
        (leaf("json", "exists", False, property="$..*..*"), MANY),
        (leaf("json", "exists", False, property="$[?count($..*) > 1]"), MANY),
        (leaf("json", "exists", True, property="$..[?@..x]"), DEEP),
        (leaf("json_schema", "matches", DOUBLING), "[]"),
    ],
)
def test_too_much_work_is_our_fault(written: Any, body: str) -> None:
    failure = judged(written, body=body)
    assert failure is not None
    assert failure.reason is Reason.INTERNAL_ERROR
    assert "more work than a check may be" in failure.message


def test_a_large_body_is_no_trouble() -> None:
    assert holds(leaf("json", "less", 30_000, property="$[*].a"), body=MANY)
    assert holds(leaf("body", "matches", "(a+)+$"), body="a" * 1_000_000)
    unique = {"subject": "json_schema", "value": {"uniqueItems": True}}
    assert holds({**unique, "property": "$[:2000].a"}, body=MANY)


def test_only_what_is_looked_at_is_made_and_once() -> None:
    made: list[str] = []

    def body() -> str:
        made.append("body")
        return "{}"

    def headers() -> dict[str, str]:
        raise AssertionError("nobody looks at them")

    facts = Facts({"status": 200}, {"body": body, "header": headers})
    assert evaluate(node("status == 200"), facts) is None
    assert made == []
    for _ in range(2):
        assert evaluate(node("json $.a is missing and body exists"), facts) is None
    assert made == ["body"]


def test_patterns_that_take_too_much_room_are_refused() -> None:
    assert "not a pattern" in refused(leaf("body", "matches", "((((a{9}){9}){9}){9}){9}"))
