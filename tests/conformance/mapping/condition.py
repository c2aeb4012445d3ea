"""Conditions that are evaluated by themselves: what was seen, and the tree to evaluate."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.conformance.mapping import trees
from tests.conformance.mapping.network import translated
from tests.conformance.mapping.reading import NotExpressible, Reading

Tree = dict[str, Any]
_DAY_S = 86_400
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": _DAY_S, "w": 7 * _DAY_S}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_NUMERIC = {"num_equals": False, "num_not_equals": True}
_WHOLE: Tree = {"subject": "json", "property": "$"}


@dataclass(frozen=True)
class Evaluation:
    """A tree and the subjects that it is evaluated for."""

    tree: Tree
    subjects: Mapping[str, Any]


def evaluation_of(probe: Mapping[str, Any], source: str) -> Evaluation:
    """What a record feeds to the assertions. Raises NotExpressible, ValueError."""
    reading = Reading(probe, kind="condition", source=source)
    for key in ("url", "tls"):
        reading.get(key)  # of the same case over the network
    if "operator" in reading:
        tree = operated(reading.get("operator"), probe.get("right"), _WHOLE)
        subjects: dict[str, Any] = {"json": probe.get("left")}
        reading.get("left"), reading.get("right")
    elif "conditions_tree" in reading:
        tree = joined(reading.get("conditions_tree"), _of_variable)
        subjects = {"json": reading.get("values")}
    elif "assertion" in reading:
        tree = trees.sentry_tree(reading.get("assertion"))
        subjects = given(reading.under("given"))
    else:
        tree, subjects = translated(reading.get("condition")), given(reading.under("given"))
    reading.finish()
    return Evaluation(tree, subjects)


def given(reading: Reading) -> dict[str, Any]:
    """What was seen, by subject. A judged check has taken time."""
    subjects = reading.renamed(status="status", body="body", ip="ip", rcode="dns_rcode")
    if "headers" in reading:
        subjects["header"] = {name.lower(): text for name, text in reading.get("headers").items()}
    subjects["latency"] = {"total": reading.get("response_time_ms", 1)}
    if "certificate_expires_in" in reading:
        left_s = seconds(reading.get("certificate_expires_in"))
        subjects["certificate"] = {"days_left": left_s / _DAY_S}
    if "domain_expires_in" in reading:
        left_s = seconds(reading.get("domain_expires_in"))
        subjects["domain"] = {"days_left": left_s / _DAY_S}
    reading.get("connected")  # only what has connected is asked
    reading.finish()
    return subjects


def operated(operator: str, value: Any, leaf: Tree) -> Tree:
    """One comparison of Kuma's; its numeric ones convert what is given as text."""
    if operator in _NUMERIC:
        number = float(value)
        tree: Tree = {**leaf, "operator": "between", "value": [number, number]}
        return trees.negated(tree) if _NUMERIC[operator] else tree
    if operator in {"ends_with", "not_ends_with"}:
        tree = {**leaf, "operator": "matches", "value": f"{re.escape(value)}$"}
        return trees.negated(tree) if operator.startswith("not") else tree
    if operator == "not_equals":
        return {**leaf, "operator": operator, "value": value}
    return trees.compared(leaf, "eq" if operator == "equals" else operator, value)


def joined(conditions: list[Any], leaf_of: Callable[[Tree], Tree]) -> Tree:
    """Conditions and groups of them, each joined to those before it."""
    tree: Tree = {}
    for condition in conditions:
        inner = condition.get("group")
        one = leaf_of(condition) if inner is None else joined(inner, leaf_of)
        joint = "any" if condition.get("join", "and") == "or" else "all"
        tree = {joint: [tree, one]} if tree else one
    return tree


def _of_variable(condition: Tree) -> Tree:
    unread = condition.keys() - {"variable", "op", "value", "join"}
    if unread:
        raise NotExpressible(f"conditions_tree {', '.join(unread)}")
    leaf = {"subject": "json", "property": f"$['{condition['variable']}']"}
    return operated(condition["op"], condition["value"], leaf)


def seconds(span: str | float) -> float:
    """`1h30m`, `-2d`, 3 in seconds."""
    if not isinstance(span, str):
        return float(span)
    parts = sum(float(number) * _UNITS[unit] for number, unit in _SPAN.findall(span))
    return -parts if span.startswith("-") else parts
