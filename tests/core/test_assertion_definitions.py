"""Which assertions are refused, and in which words."""

import json
from typing import Any

import pytest
from tests.core.asserting import NODES, leaf, node, refused, seen

from vedette.core.assertions import MAX_DEPTH, MAX_LEAVES, Leaf
from vedette.core.kinds import parse_monitor


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (leaf("body", "matches", "("), "not a pattern (RE2): missing )"),
        (leaf("body", "matches", "(?=x)"), "invalid perl operator"),
        (leaf("body", "matches", "x" * 1001), "at most 1000 characters"),
        (leaf("body", "matches", 5), "matches takes a pattern"),
        (leaf("json", "exists", True, property="asdf"), "not a JSONPath (RFC 9535)"),
        (leaf("json", "exists", True, property="$[?match(@, '(')]"), "missing )"),
        (leaf("json", "exists", True, property="$[?glob(@, \"'a']\")]"), "has a ] without"),
        (leaf("json", "exists", True, property="$.a" * 200), "at most 500 characters"),
        (leaf("header", "exists", True, property="'a']"), "has a ] without its ["),
        (leaf("header", "exists", True), "names the header"),
        (leaf("certificate", "exists", True), "names in `property`"),
        (leaf("certificate", "equals", "x", property="days_left"), "with numbers"),
        (leaf("certificate", "equals", 1, property="chain_valid"), "true or false"),
        (leaf("domain", "exists", True), "one of days_left"),
        (leaf("domain", "equals", "x", property="owner"), "one of days_left, expires_at"),
        (leaf("domain", "less", "x", property="days_left"), "with numbers"),
        (leaf("latency", "less", 1, property="foo"), "latency has the phases"),
        (leaf("rcode", "equals", "x", property="y"), "rcode has no property"),
        (leaf("status", "contains", 1), "status takes the operators"),
        (leaf("status", "equals", "200"), "compared with numbers"),
        (leaf("status", "between", [1]), "[lowest, highest]"),
        (leaf("status", "in", []), "a list of 1 to 100 values"),
        (leaf("body", "equals", 5), "compared with text"),
        (leaf("body", "equals", [{}]), "a value is text"),
        (leaf("body", "length", {"less": 1, "greater": 0}), "length takes a number"),
        (leaf("body", "length", {"matches": 1}), "length takes a number"),
        (leaf("body", "length", "x"), "length takes a number"),
        (leaf("body", "exists", "yes"), "exists takes true or false"),
        ({"subject": "json", "operator": "equals"}, "equals takes a value"),
        (leaf("json", "less", {}), "less takes numbers or text"),
        (leaf("json", "equals", json.loads("[" * 40 + "]" * 40)), "nested too deep"),
        ({"subject": "json_schema", "value": {"type": "strin"}}, "not a JSON schema"),
        ({"subject": "json_schema", "value": {"pattern": "("}}, "missing )"),
        ({"subject": "json_schema", "value": {"patternProperties": {"(": {}}}}, "missing )"),
        ({"subject": "json_schema", "value": {"$ref": "http://x/"}}, "its own parts only"),
        ({"subject": "json_schema", "value": {"$ref": "#/none"}}, "the JSON schema has no"),
        ({"subject": "json_schema", "value": "x"}, "a JSON schema is an object"),
        ({"subject": "json_schema", "value": {"const": "x" * 70_000}}, "at most 65536 characters"),
        (seen("status", "between", "size"), "value_of goes with the operators contains, equals"),
        (seen("status", "contains", "body"), "status takes the operators"),
        (seen("status", "equals", "header"), "names the header"),
        (seen("body", "equals", "json_schema"), "no"),
        ({**seen("status", "equals", "size"), "value": 1}, "`value` or with `value_of`"),
        (leaf("luck", "equals", 1), "Input should be 'status'"),
    ],
)
def test_what_is_wrong_is_said(written: Any, words: str) -> None:
    assert words in refused(written)


def test_names_in_a_schema_are_no_keywords() -> None:
    schema = {
        "properties": {"pattern": {"const": {"pattern": "("}}, "$ref": {}},
        "enum": [{"$ref": "x"}],
    }
    assert isinstance(node({"subject": "json_schema", "value": schema}), Leaf)


def test_the_number_and_the_depth_are_bounded() -> None:
    one = leaf("status", "equals", 200)
    assert len(NODES.validate_python([{"all": [one] * MAX_LEAVES}])) == 1
    assert "at most 16 comparisons" in refused({"all": [one] * 10 + [{"any": [one] * 7}]})
    deep: Any = one
    for _ in range(MAX_DEPTH - 1):
        deep = {"not": deep}
    node(deep)
    for _ in range(5000):
        deep = {"not": deep}
    assert "nested deeper than 16 levels" in refused(deep)


def test_the_tree_is_stored_and_read_again() -> None:
    written = [
        "status == 200",
        "[BODY].data.id == 1",
        {"any": ["body contains 'ok'", {"not": leaf("json", "equals", None)}]},
        {"subject": "json_schema", "value": {"type": "object"}},
        seen("header", "equals", "json", property="$.etag") | {"property": "etag"},
    ]
    monitor = {"name": "x", "kind": "http", "target": {"url": "http://x/"}}
    spec = parse_monitor({**monitor, "assertions": written, "degraded_assertions": written})
    stored = spec.model_dump(mode="json", by_alias=True)
    assert stored["assertions"][0]["operator"] == "equals"
    assert stored["degraded_assertions"] == stored["assertions"]
    assert parse_monitor(stored) == spec
    assert spec.probed()["expect_failure"] is False


def test_what_was_stored_before_still_is_valid() -> None:
    stored = {"subject": "status", "property": None, "operator": "equals", "value": 200}
    assert node(stored) == node("status == 200")
