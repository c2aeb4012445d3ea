"""Conditions of other monitors' languages as ours: what their cases configure, and were given."""

from typing import Any

from pydantic import TypeAdapter

from vedette.core.assertions import Assertions, Facts, prepare
from vedette.core.assertions.compare import number_of
from vedette.core.assertions.gatus import translate
from vedette.core.assertions.patterns import from_wildcard

Tree = dict[str, Any]
_NODES: TypeAdapter[list[Any]] = TypeAdapter(Assertions)
_DAYS = {"d": 1.0, "h": 1 / 24}
_SENTRY = {"lt": "less", "gt": "greater", "always": "exists", "never": "exists"}
_KUMA = {"lt": "less", "gt": "greater", "lte": "not greater", "gte": "not less",
         "num_equals": "between", "num_not_equals": "not between"}  # fmt: skip


def holds(tree: Tree, facts: Facts) -> bool:
    """Whether a tree holds for what was seen."""
    return all(prepare(node).failure(facts) is None for node in _NODES.validate_python([tree]))


def seen(given: Tree) -> Facts:
    """The facts that a case gives."""
    subjects: Tree = {"latency": {"total": given.get("response_time_ms", 1)}}
    for name in ("status", "ip", "body"):
        if name in given:
            subjects[name] = given[name]
    if "dns_rcode" in given:
        subjects["rcode"] = given["dns_rcode"]
    if "headers" in given:
        subjects["header"] = {name.lower(): str(value) for name, value in given["headers"].items()}
    for subject in ("certificate", "domain"):
        left = given.get(f"{subject}_expires_in")
        if left is not None:
            subjects[subject] = {"days_left": float(left[:-1]) * _DAYS[left[-1]]}
    return Facts(subjects)


def gatus(condition: str, given: Tree) -> bool:
    """Whether a Gatus condition holds; without a connection, nothing does."""
    return given.get("connected") is not False and holds(translate(condition), seen(given))


def sentry(assertion: Tree) -> Tree:
    """The tree for one of Sentry's."""
    for theirs, ours in (("and", "all"), ("or", "any")):
        if theirs in assertion:
            return {ours: [sentry(child) for child in assertion[theirs]]}
    if "not" in assertion:
        return {"not": sentry(assertion["not"])}
    leaf = _looking(assertion)
    if "glob" in assertion:
        leaf |= {"operator": "matches", "value": from_wildcard(assertion["glob"])}
        return {"not": leaf} if assertion["op"] == "ne" else leaf
    op, value = assertion["op"], assertion.get("value", assertion.get("status"))
    if op in {"always", "never"}:
        return {**leaf, "operator": "exists", "value": op == "always"}
    if op in {"lt", "gt"}:
        return {**leaf, "operator": _SENTRY[op], "value": value}
    number = number_of(value)
    equal = {**leaf, "operator": "equals", "value": value}
    if leaf["subject"] != "status" and number is not None:
        equal = {**leaf, "operator": "between", "value": [number, number]}
    return {"not": equal} if op == "ne" else equal


def _looking(assertion: Tree) -> Tree:
    if "status" in assertion:
        return {"subject": "status"}
    if "json" in assertion:
        return {"subject": "json", "property": assertion["json"]}
    return {"subject": "header", "property": assertion.get("header") or assertion["header_glob"]}


def kuma(conditions: list[Tree]) -> Tree:
    """The tree for a list of Uptime Kuma's, of which each is joined to those before it."""
    trees = [_kuma_node(condition) for condition in conditions]
    joined = trees[0]
    for condition, tree in zip(conditions[1:], trees[1:], strict=True):
        joined = {"any" if condition.get("join") == "or" else "all": [joined, tree]}
    return joined


def _kuma_node(condition: Tree) -> Tree:
    if "group" in condition:
        return kuma(condition["group"])
    return kuma_operator({"subject": "answer"}, condition["op"], condition["value"])


def kuma_operator(leaf: Tree, operator: str, value: Any) -> Tree:
    """The tree for one of Uptime Kuma's operators."""
    if operator.startswith("not_") and operator != "not_equals":
        return {"not": kuma_operator(leaf, operator.removeprefix("not_"), value)}
    if operator == "ends_with":
        return {**leaf, "operator": "matches", "value": from_wildcard("*" + value)}
    negated, name = _KUMA.get(operator, operator).rpartition(" ")[::2]
    if operator in _KUMA:
        value = number_of(value)
    value = [value, value] if name == "between" else value
    tree: Tree = {**leaf, "operator": name, "value": value}
    return {"not": tree} if negated else tree
