"""Whatever a target answers: evaluation never raises, and the laws of logic hold."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.asserting import NODES, leaf

from vedette.core.assertions import Facts, Tree, prepare

TEXT = st.text(st.characters(), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
BODIES = (
    TEXT
    | VALUES.map(json.dumps)
    | st.integers(0, 1200).map(lambda depth: "[" * depth + "]" * depth)
    | st.sampled_from(["1" * 5000, "1e400", "NaN", "-Infinity", '"\\ud800"', "\ud800", "{", ""])
)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.none() | st.integers(),
        "header": st.dictionaries(TEXT, TEXT, max_size=3),
        "body": st.none() | BODIES,
        "latency": st.dictionaries(st.sampled_from(["total", "tls"]), st.floats()),
        "certificate": st.dictionaries(st.sampled_from(["names", "days_left"]), VALUES),
        "answer": VALUES,
        "ip": VALUES,
    },
)
PATHS = [
    "$",
    "$.a",
    "$[*]",
    "$..*",
    "$[?@ > 0]",
    "$[?@.a == $[0]]",
    "$[?search(@, @.a)]",
    "$[?search(@, $[0])]",
    "$[-1]",
]
LEAVES = st.sampled_from(
    [
        leaf("status", "equals", 200),
        leaf("status", "matches", "^2"),
        leaf("status", "length", {"less": 9}),
        leaf("header", "contains", "a", property="*"),
        leaf("body", "matches", "(a|b)+$"),
        leaf("body", "less", 5),
        leaf("body", "between", ["a", "z"]),
        leaf("body", "length", {"between": [1, 5]}),
        leaf("latency", "between", [0, 5]),
        leaf("certificate", "contains", "a", property="names"),
        leaf("certificate", "less", 5, property="days_left"),
        leaf("answer", "starts_with", "a"),
        leaf("answer", "matches", "a", match="every"),
        leaf("ip", "not_equals", "a"),
        leaf("json", "equals", {"a": [1, None]}),
        leaf("json", "contains", 1),
        leaf("json", "in", [1, "a", True]),
        leaf("json_schema", "matches", {"type": "array", "uniqueItems": True}),
        leaf("json_schema", "matches", {"$ref": "#"}),
        leaf("json_schema", "matches", {"multipleOf": 1e-300, "pattern": "a"}),
        *(leaf("json", "exists", True, property=path) for path in PATHS),
        *(leaf("json", "greater", 1, property=path) for path in PATHS),
    ]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        inner.map(lambda child: {"not": child})
        | st.lists(inner, min_size=1, max_size=2).map(lambda children: {"all": children})
        | st.lists(inner, min_size=1, max_size=2).map(lambda children: {"any": children})
    ),
    max_leaves=5,
)
thorough = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def tree(written: Any) -> Tree:
    return NODES.validate_python([written])[0]


def truth(written: Any, subjects: dict[str, Any]) -> bool | None:
    return prepare(tree(written)).truth(Facts(subjects))


@thorough
@given(TREES, FACTS)
def test_it_never_raises_and_says_what_failed(written: Any, subjects: dict[str, Any]) -> None:
    failure = prepare(tree(written)).failure(Facts(subjects))
    assert (failure is None) is (truth(written, subjects) is True)
    if failure is not None:
        assert failure.message.startswith("expected ")
        assert failure.message.isprintable()
        assert len(failure.message) < 2000


@thorough
@given(TREES, FACTS)
def test_a_double_negation_is_none(written: Any, subjects: dict[str, Any]) -> None:
    assert truth({"not": {"not": written}}, subjects) is truth(written, subjects)


@thorough
@given(TREES, TREES, FACTS)
def test_de_morgan(left: Any, right: Any, subjects: dict[str, Any]) -> None:
    either = {"not": {"any": [left, right]}}
    both = {"not": {"all": [left, right]}}
    negated = [{"not": left}, {"not": right}]
    assert truth(either, subjects) is truth({"all": negated}, subjects)
    assert truth(both, subjects) is truth({"any": negated}, subjects)
