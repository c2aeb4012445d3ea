"""JSON Schema: any draft, references within the schema only, RE2 patterns, a budget for steps."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from jsonschema import ValidationError
from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator
from jsonschema.validators import Draft202012Validator, extend, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, specification_with

from vedette.core.assertions.budget import Unreadable, spend
from vedette.core.assertions.patterns import Pattern

LONGEST = 65_536
_STEPS = 2
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
# Below these, keys are names of the author's own, or all of it is data.
_NAMES = frozenset({"properties", "$defs", "definitions", "dependentSchemas", "patternProperties"})
_DATA = frozenset({"enum", "const", "default", "examples"})

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]


class Schema:
    """A checked JSON schema. Raises ValueError, saying what is wrong with it."""

    __slots__ = ("_validator",)

    def __init__(self, schema: Any) -> None:
        if not isinstance(schema, dict | bool):
            raise ValueError("a JSON schema is an object")  # noqa: TRY004 (pydantic's kind)
        if len(json.dumps(schema)) > LONGEST:
            raise ValueError(f"a JSON schema has at most {LONGEST} characters")
        known = validator_for(schema, default=Draft202012Validator)
        _check_form(schema, known)
        _check(schema)
        self._validator: Validator = _counted(known)(schema, registry=Registry())

    def misfit(self, document: Any) -> str | None:
        """What of a document does not fit, or None if it fits. Raises Unreadable."""
        try:
            error = next(iter(self._validator.iter_errors(document)), None)
        except Unreadable:
            raise
        except Exception as error:
            # Whatever a hostile document and the library make of each other, the check goes on.
            raise Unreadable(f"can't be validated: {type(error).__name__}") from error
        return None if error is None else f"{error.message[:300]} at {error.json_path[:100]}"


def _check_form(schema: Any, known: type[Validator]) -> None:
    # Without a check of formats: whether a pattern is one is RE2's to say.
    wrong = best_match(known(known.META_SCHEMA).iter_errors(schema))
    if wrong is not None:
        where = "".join(f"[{part!r}]" for part in wrong.absolute_path)
        raise ValueError(f"not a JSON schema: {wrong.message[:200]} {where}".rstrip())


def _check(schema: Any) -> None:
    resource = specification_with(
        schema.get("$schema", "") if isinstance(schema, Mapping) else "", default=DRAFT202012
    ).create_resource(schema)
    resolver = Registry().resolver_with_root(resource)
    for keyword, value in _keywords(schema):
        if keyword == "pattern":
            Pattern(value)
            continue
        if not value.startswith("#"):
            raise ValueError(f"a JSON schema refers to its own parts only, not to {value[:100]!r}")
        try:
            resolver.lookup(value)
        except Unresolvable:
            raise ValueError(f"the JSON schema has no {value[:100]!r}") from None


def _keywords(schema: Any) -> Iterator[tuple[str, str]]:
    """Each pattern and each reference."""
    if isinstance(schema, list):
        for element in schema:
            yield from _keywords(element)
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key in {"pattern", *_REFERENCES} and isinstance(value, str):
            yield "pattern" if key == "pattern" else "$ref", value
        elif key in _NAMES and isinstance(value, dict):
            if key == "patternProperties":
                yield from (("pattern", name) for name in value)
            yield from _keywords(list(value.values()))
        elif key not in _DATA:
            yield from _keywords(value)


@cache
def _counted(known: type[Validator]) -> type[Validator]:
    """A validator whose keywords take from the budget."""
    keywords = {name: _taking(keyword) for name, keyword in known.VALIDATORS.items()}
    keywords["pattern"] = _taking(_pattern)
    keywords["patternProperties"] = _taking(_pattern_properties)
    keywords["uniqueItems"] = _taking(_unique_items)
    if "additionalProperties" in keywords:
        keywords["additionalProperties"] = _taking(_additional_properties)
    counted: type[Validator] = extend(known, keywords)  # type: ignore[no-untyped-call]
    return counted


def _taking(keyword: Keyword) -> Keyword:
    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        spend(_STEPS)
        return keyword(validator, value, instance, schema)

    return counted


def _pattern(
    _validator: Any, pattern: str, instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _compiled(pattern).found_in(instance):
        yield ValidationError(f"{instance[:100]!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, subschema in patterns.items():
        for name, value in instance.items():
            spend()
            if _compiled(pattern).found_in(name):
                yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, allowed: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    patterns = [_compiled(text) for text in schema.get("patternProperties", {})]
    for name, value in instance.items():
        spend(1 + len(patterns))
        if name in schema.get("properties", {}) or any(p.found_in(name) for p in patterns):
            continue
        if allowed is False:
            yield ValidationError(f"there is no property {name[:100]!r} in the schema")
        else:
            yield from validator.descend(value, allowed, path=name)


def _unique_items(
    _validator: Any, wanted: bool, instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    if wanted and isinstance(instance, list):
        spend(len(instance))
        if len({_hashable(element) for element in instance}) < len(instance):
            yield ValidationError("some elements are equal")


def _hashable(value: Any) -> Any:
    """What is equal for values that JSON Schema takes for equal: 1 and 1.0, but not true."""
    if isinstance(value, list):
        spend(len(value))
        return ("list", *map(_hashable, value))
    if isinstance(value, dict):
        spend(len(value))
        return frozenset((name, _hashable(inner)) for name, inner in value.items())
    return (value,) if isinstance(value, bool) else value


_compiled = lru_cache(1024)(Pattern)
