"""Whatever is written as an assertion is one, or is refused: nothing else happens."""

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.core.asserting import NODES

from vedette.core.assertions import prepare
from vedette.core.assertions.gatus import translate
from vedette.core.assertions.jsonpath import Path
from vedette.core.assertions.patterns import Pattern, from_wildcard
from vedette.core.assertions.rules import RULES

WORDS = ["status", "body", "json", "header", "latency", "not", "any", "length", "exists", "in",
         "and", "or", "is", "missing", "(", ")", "[", "]", "==", "<=", "'a'", '"b"', "$.a", "5",
         "5ms", "{}", ",", "\\", "x"]  # fmt: skip
SHORT_FORMS = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join) | st.text(max_size=20)
PIECES = ["$", "@", ".", "..", "a", "*", "[", "]", "?", "(", ")", "'", '"', "0", "-1", ":", ",",
          "==", "<", "&&", "!", "length", "match", "\\u12", "\ud800", " "]  # fmt: skip
PATHS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
CONDITIONS = st.lists(
    st.sampled_from(["[BODY]", "[STATUS]", ".a", "[0]", " == ", " < ", "len(", "has(", "any(",
                     "pat(", ")", "*", "[", "1", "48h", "x", ",", "[X]"]),
    max_size=8,
).map("".join)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)
SCHEMAS = st.recursive(
    st.booleans() | st.just({"$ref": "#"}) | st.just({"$ref": "#/$defs/a"}),
    lambda inner: st.dictionaries(
        st.sampled_from(["items", "not", "properties", "$defs", "pattern", "type", "$id", "allOf"]),
        inner | VALUES | st.dictionaries(st.just("a"), inner) | st.lists(inner, max_size=2),
    ),
    max_leaves=6,
)
LEAVES = st.fixed_dictionaries(
    {
        "subject": st.sampled_from(sorted(RULES)),
        "operator": st.sampled_from(sorted(RULES["json"].operators)),
        "value": VALUES | SCHEMAS,
    },
    optional={"property": PATHS | st.none(), "match": st.sampled_from(["any", "every", "x"])},
)
thorough = settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(SHORT_FORMS | CONDITIONS | LEAVES | st.builds(lambda child: {"not": child}, LEAVES))
def test_it_is_valid_or_refused(written: Any) -> None:
    with suppress(ValidationError):
        (node,) = NODES.validate_python([written])
        prepare(node)
        (again,) = NODES.validate_python([node.model_dump(mode="json", by_alias=True)])
        assert again == node


@thorough
@given(SCHEMAS)
def test_schemas(schema: Any) -> None:
    with suppress(ValidationError):
        prepare(NODES.validate_python([{"subject": "json_schema", "value": schema}])[0])


@thorough
@given(PATHS)
def test_paths_patterns_and_conditions(text: str) -> None:
    for make in (Path, Pattern, from_wildcard, translate):
        with suppress(ValueError):
            make(text)
