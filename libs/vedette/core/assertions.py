"""Assertions: what a target's answer must satisfy, as a tree over leaves.

A leaf is `{subject, operator, value}`, with `property` where a subject has parts (a header's
name, a phase of the latency). Nodes are `{"all": [...]}`, `{"any": [...]}`, `{"not": node}`.
A monitor's list of assertions is an implicit `all`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from vedette.core.outcome import Reason

MAX_LEAVES = 16

Subject = Literal["status", "body", "header", "latency"]
Operator = Literal["equals", "not_equals", "contains", "starts_with", "less", "greater", "between",
                   "in", "exists"]  # fmt: skip
Scalar = str | int | float | bool

_NUMERIC: frozenset[str] = frozenset({"status", "latency"})
_OPERATORS: Mapping[str, frozenset[str]] = {
    "status": frozenset({"equals", "not_equals", "less", "greater", "between", "in"}),
    "latency": frozenset({"less", "greater", "between"}),
    "body": frozenset({"equals", "not_equals", "contains", "starts_with", "exists"}),
    "header": frozenset({"equals", "not_equals", "contains", "starts_with", "in", "exists"}),
}


def _one(value: object) -> str | None:
    return "one value" if value is None or isinstance(value, list) else None


def _flag(value: object) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _pair(value: object) -> str | None:
    fits = isinstance(value, list) and len(value) == 2
    return None if fits else "[lowest, highest], both included"


def _choices(value: object) -> str | None:
    return None if isinstance(value, list) and value else "a list of at least one value"


# What is wrong with an operator's value, if anything.
_SHAPES = {"exists": _flag, "between": _pair, "in": _choices}
PHASES = ("resolve", "connect", "tls", "first_byte", "transfer")


class Leaf(BaseModel):
    """One comparison. Latency values are milliseconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: Subject
    property: str | None = Field(
        default=None, max_length=200, description="A header's name, or a phase of the latency."
    )
    operator: Operator
    value: Scalar | list[Scalar] | None = None

    @model_validator(mode="after")
    def _check(self) -> Leaf:
        if self.operator not in _OPERATORS[self.subject]:
            allowed = ", ".join(sorted(_OPERATORS[self.subject]))
            raise ValueError(f"{self.subject} takes the operators {allowed}")
        self._check_property()
        self._check_value()
        return self

    def _check_property(self) -> None:
        if self.subject == "header" and not self.property:
            raise ValueError("a header assertion names the header in `property`")
        if self.subject == "latency" and self.property not in (None, *PHASES):
            raise ValueError(f"latency has the phases {', '.join(PHASES)}, or none for the total")
        if self.subject in {"status", "body"} and self.property is not None:
            raise ValueError(f"{self.subject} has no property")

    def _check_value(self) -> None:
        problem = _SHAPES.get(self.operator, _one)(self.value)
        if problem:
            raise ValueError(f"{self.operator} takes {problem}")
        if self.operator == "exists":
            return
        if self.subject in _NUMERIC and not all(_is_number(v) for v in self._values()):
            raise ValueError(f"{self.subject} is compared with numbers")
        if self.subject not in _NUMERIC and not all(isinstance(v, str) for v in self._values()):
            raise ValueError(f"{self.subject} is compared with text")

    def _values(self) -> list[Scalar]:
        if isinstance(self.value, list):
            return self.value
        return [] if self.value is None else [self.value]


class AllOf(BaseModel):
    """True when every one of its nodes is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    all: list[Node] = Field(min_length=1, max_length=MAX_LEAVES)


class AnyOf(BaseModel):
    """True when at least one of its nodes is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    any: list[Node] = Field(min_length=1, max_length=MAX_LEAVES)


class Not(BaseModel):
    """True when its node is false."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    not_: Node = Field(alias="not")


def _shape(value: Any) -> str:
    if isinstance(value, Mapping):
        return next((name for name in ("all", "any", "not") if name in value), "leaf")
    if isinstance(value, AllOf):
        return "all"
    if isinstance(value, AnyOf):
        return "any"
    return "not" if isinstance(value, Not) else "leaf"


Node = Annotated[
    Annotated[Leaf, Tag("leaf")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")],
    Discriminator(_shape),
]
AllOf.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()


@dataclass(frozen=True, slots=True)
class Facts:
    """What was seen of a target, as assertions see it. Times are milliseconds."""

    status: int | None = None
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    duration_ms: float = 0.0
    phases: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """The first assertion that did not hold: which subject, and expected against seen."""

    reason: Reason
    message: str


def leaves(node: Leaf | AllOf | AnyOf | Not) -> Iterator[Leaf]:
    """Every leaf of a tree, depth first."""
    match node:
        case AllOf():
            for child in node.all:
                yield from leaves(child)
        case AnyOf():
            for child in node.any:
                yield from leaves(child)
        case Not():
            yield from leaves(node.not_)
        case Leaf():
            yield node


def evaluate(node: Leaf | AllOf | AnyOf | Not, facts: Facts) -> Failure | None:
    """None when the tree holds for these facts, else what failed."""
    match node:
        case AllOf():
            return next(filter(None, (evaluate(child, facts) for child in node.all)), None)
        case AnyOf():
            failures = [evaluate(child, facts) for child in node.any]
            return None if None in failures else failures[-1]
        case Not():
            if evaluate(node.not_, facts) is not None:
                return None
            leaf = next(leaves(node.not_))
            return Failure(Reason(leaf.subject), f"expected not ({_text(leaf)}), but it holds")
        case Leaf():
            return _evaluate_leaf(node, facts)


def _evaluate_leaf(leaf: Leaf, facts: Facts) -> Failure | None:
    seen = _seen(leaf, facts)
    if _holds(leaf, seen):
        return None
    return Failure(Reason(leaf.subject), f"expected {_text(leaf)}, saw {_shown(seen)}")


def _seen(leaf: Leaf, facts: Facts) -> Scalar | None:
    match leaf.subject:
        case "status":
            return facts.status
        case "body":
            return facts.body
        case "header":
            name = (leaf.property or "").lower()
            return facts.headers.get(name)
        case "latency":
            return facts.phases.get(leaf.property) if leaf.property else facts.duration_ms


def _holds(leaf: Leaf, seen: Scalar | None) -> bool:
    if leaf.operator == "exists":
        return (seen is not None) is leaf.value
    return seen is not None and _COMPARE[leaf.operator](seen, leaf.value)


# The leaf's validators have made sure that each pair can be compared.
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": lambda seen, value: seen == value,
    "not_equals": lambda seen, value: seen != value,
    "contains": lambda seen, value: value in seen,
    "starts_with": lambda seen, value: seen.startswith(value),
    "less": lambda seen, value: seen < value,
    "greater": lambda seen, value: seen > value,
    "between": lambda seen, value: value[0] <= seen <= value[1],
    "in": lambda seen, value: seen in value,
}


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(leaf: Leaf) -> str:
    subject = leaf.subject if leaf.property is None else f"{leaf.subject} {leaf.property}"
    operator = leaf.operator.replace("_", " ")
    return f"{subject} {operator} {_shown(leaf.value)}"


def _shown(value: object, limit: int = 80) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, float):
        return f"{value:.1f}"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
