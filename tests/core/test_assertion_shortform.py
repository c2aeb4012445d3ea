"""The short form, and the tree that it stands for."""

from typing import Any

import pytest
from tests.core.asserting import leaf, node, refused

from vedette.core.assertions.shortform import parse


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("status == 200", leaf("status", "equals", 200)),
        ("  status==200 ", leaf("status", "equals", 200)),
        ("status <= 299", {"not": leaf("status", "greater", 299)}),
        ("status >= 200", {"not": leaf("status", "less", 200)}),
        ("status in [200, 204]", leaf("status", "in", [200, 204])),
        ("status between [200, 299]", leaf("status", "between", [200, 299])),
        ("body contains 'ok'", leaf("body", "contains", "ok")),
        ("body not contains 'no'", {"not": leaf("body", "contains", "no")}),
        (r"body matches '\d+\'s'", leaf("body", "matches", r"\d+'s")),
        ('body == "it\'s"', leaf("body", "equals", "it's")),
        ("body length > 0", leaf("body", "length", {"greater": 0})),
        ("body length == 3", leaf("body", "length", 3)),
        ("body length <= 3", {"not": leaf("body", "length", {"greater": 3})}),
        ("json $.items length > 0", leaf("json", "length", {"greater": 0}, property="$.items")),
        ("json == null", leaf("json", "equals", None)),
        (
            "json $.a[?@.b == 'x y'].c != -1.5",
            leaf("json", "not_equals", -1.5, property="$.a[?@.b == 'x y'].c"),
        ),
        ("json $['a b']==1", leaf("json", "equals", 1, property="$['a b']")),
        ("json $.a is missing", leaf("json", "exists", False, property="$.a")),
        ('json $.a == {"b": [1]}', leaf("json", "equals", {"b": [1]}, property="$.a")),
        (
            "any json $[*].ok == true",
            leaf("json", "equals", True, property="$[*].ok", match="any"),
        ),
        ("every answer starts_with '10.'", leaf("answer", "starts_with", "10.", match="every")),
        ('json_schema {"type": "object"}', leaf("json_schema", "matches", {"type": "object"})),
        (
            "header content-type starts_with 'text/'",
            leaf("header", "starts_with", "text/", property="content-type"),
        ),
        ("header 'x' exists", leaf("header", "exists", True, property="x")),
        ("header content-length == 5", leaf("header", "equals", "5", property="content-length")),
        ("header content-length < 5", leaf("header", "less", 5, property="content-length")),
        ("latency < 300ms", leaf("latency", "less", 300)),
        ("latency connect < 0.05 s", leaf("latency", "less", 50, property="connect")),
        ("run_time < 2h", leaf("run_time", "less", 7200)),
        ("size < 1 MiB", leaf("size", "less", 1_048_576)),
        ("loss < 5%", leaf("loss", "less", 5)),
        ("certificate days_left > 14", leaf("certificate", "greater", 14, property="days_left")),
        ("domain days_left > 30d", leaf("domain", "greater", 30, property="days_left")),
        ("domain status == 'ok'", leaf("domain", "equals", "ok", property="status")),
        ("certificate days_left > 36h", leaf("certificate", "greater", 1.5, property="days_left")),
        (
            "not status == 500 and body exists or ip == '::1'",
            {
                "any": [
                    {"all": [{"not": leaf("status", "equals", 500)}, leaf("body", "exists", True)]},
                    leaf("ip", "equals", "::1"),
                ]
            },
        ),
        (
            "not (status == 1 or status == 2)",
            {"not": {"any": [leaf("status", "equals", 1), leaf("status", "equals", 2)]}},
        ),
    ],
)
def test_forms(text: str, tree: Any) -> None:
    assert parse(text) == tree
    assert node(text) == node(tree)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "at position 1: expected a subject"),
        ("statsu == 200", "at position 1: expected a subject"),
        ("status is 200", "at position 11: expected missing, found '200'"),
        ("status = 200", "at position 8: expected an operator"),
        ("status == ", "at position 11: expected a value"),
        ("rcode == NOERROR", "at position 10: expected a value"),
        ("body contains 'ok", "at position 15: expected the closing quote"),
        ("status == 200 body", "at position 15: expected and, or, or the end, found 'body'"),
        ("(status == 200", "at position 15: expected ), found the end"),
        ("latency < 300kg", "at position 14: latency has the units ms, s, m, h, d, not 'kg'"),
        ("status < 3s", "status has no unit"),
        ("status in [1 2]", "expected , or ]"),
        ("json $ == {a}", "expected JSON"),
        ("header == 5", "expected the header's property"),
        ("latency foo < 5", "latency has the phases"),
        ("body matches '('", "not a pattern"),
        ("status == 1e999", "at position 11: expected a smaller number"),
        ("not " * 20 + "status == 1", "nested deeper"),
        ("(" * 500 + "status == 1", "nested deeper"),
        ("x" * 2001, "at most 2000 characters"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, words: str) -> None:
    assert words in refused(text)
