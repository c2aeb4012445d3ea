"""The nodes of an assertion, as they are written and stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    field_validator,
    model_validator,
)

from vedette.core.assertions import shortform
from vedette.core.assertions.rules import COMPARING, RULES, Match, Operator, Subject
from vedette.core.assertions.values import check_property, check_value

MAX_LEAVES = 16
MAX_DEPTH = 16

_STRICT = ConfigDict(extra="forbid", frozen=True)
_PLAIN = str | int | float | bool | None


class Seen(BaseModel):
    """Something else that was seen, to compare with."""

    model_config = _STRICT

    subject: Subject
    property: str | None = Field(default=None, max_length=500)

    @model_validator(mode="after")
    def _check(self) -> Seen:
        if self.subject == "json_schema":
            raise ValueError("a schema is nothing that was seen; compare with json")
        check_property(self.subject, self.property)
        return self


class Leaf(BaseModel):
    """One comparison: of what, how, and with what. See `vedette.core.assertions`."""

    model_config = _STRICT

    subject: Subject
    property: str | None = Field(
        default=None,
        max_length=500,
        description="A header's name, a JSONPath, a phase of the latency, a part of the"
        " certificate or the domain.",
    )
    operator: Operator
    value: JsonValue = Field(
        default=None,
        description="What it is compared with. `between` takes [lowest, highest], `in` a list,"
        " `exists` true or false, `matches` an RE2 pattern, `length` a number or one comparison"
        ' such as {"greater": 0}, and json_schema a JSON schema.',
    )
    value_of: Seen | None = Field(
        default=None,
        description="In place of `value`: the subject and property it is compared with. Of several"
        " values there one must fit; text that looks like a number is that number.",
    )
    match: Match | None = Field(
        default=None,
        description="Of several values, how many must fit. Default: any of the answers,"
        " certificate names, domain's name servers and headers, every JSON node.",
    )

    @model_validator(mode="before")
    @classmethod
    def _schemas_are_matched(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("subject") == "json_schema":
            return {"operator": "matches", **data}
        return data

    @field_validator("value", mode="before")
    @classmethod
    def _plain(cls, value: Any, info: Any) -> Any:
        """Only JSON is compared with objects, and with lists of other than plain values."""
        subject = info.data.get("subject", "json")
        if subject in {"json", "json_schema"} or info.data.get("operator") == "length":
            return value
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, _PLAIN) for one in values):
            raise ValueError("a value is text, a number, true or false, or a list of these")
        return value

    @model_validator(mode="after")
    def _check(self) -> Leaf:
        operators = RULES[self.subject].operators
        if self.operator not in operators:
            raise ValueError(f"{self.subject} takes the operators {', '.join(sorted(operators))}")
        check_property(self.subject, self.property)
        if self.value_of is not None:
            self._check_other()
            return self
        if "value" not in self.model_fields_set:
            raise ValueError(f"{self.operator} takes a value")
        check_value(self.subject, self.property, self.operator, self.value)
        return self

    def _check_other(self) -> None:
        if self.value is not None:
            raise ValueError("it is compared with `value` or with `value_of`, not with both")
        if self.operator not in COMPARING:
            raise ValueError(f"value_of goes with the operators {', '.join(sorted(COMPARING))}")


class AllOf(BaseModel):
    """True when every one of its nodes is."""

    model_config = _STRICT
    all: list[Node] = Field(min_length=1, max_length=MAX_LEAVES)


class AnyOf(BaseModel):
    """True when at least one of its nodes is."""

    model_config = _STRICT
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


def _parsed(value: Any) -> Any:
    return shortform.parse(value) if isinstance(value, str) else value


_Node = Annotated[
    Annotated[Leaf, Tag("leaf")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")],
    Discriminator(_shape),
]
Node = Annotated[_Node, BeforeValidator(_parsed, json_schema_input_type=str | _Node)]
AllOf.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()
Tree = Leaf | AllOf | AnyOf | Not


def leaves(node: Tree) -> Iterator[Leaf]:
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


def subjects(nodes: Iterable[Tree]) -> set[str]:
    """What trees look at, and compare with."""
    found: set[str] = set()
    for leaf in (leaf for node in nodes for leaf in leaves(node)):
        found.add(leaf.subject)
        if leaf.value_of is not None:
            found.add(leaf.value_of.subject)
    return found


def _shallow(nodes: Any) -> Any:
    """Before anything recurses into it: no deeper than allowed."""
    level = nodes if isinstance(nodes, list) else []
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return nodes
    raise ValueError(f"nested deeper than {MAX_DEPTH} levels")


def _children(node: Any) -> list[Any]:
    if not isinstance(node, dict):
        return []
    lists = [node[name] for name in ("all", "any") if isinstance(node.get(name), list)]
    return [child for each in lists for child in each] + [node[k] for k in ("not",) if k in node]


def _few(nodes: list[Tree]) -> list[Tree]:
    if sum(1 for node in nodes for _ in leaves(node)) > MAX_LEAVES:
        raise ValueError(f"at most {MAX_LEAVES} comparisons in all")
    return nodes


Assertions = Annotated[list[Node], BeforeValidator(_shallow), AfterValidator(_few)]
"""A monitor's list of assertions: bounded in number and depth."""
