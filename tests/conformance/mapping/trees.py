"""Assertions of the sources as trees of ours."""

import json
from typing import Any

from tests.conformance.mapping.patterns import jsonpath_of, regex_of, without_globs
from tests.conformance.mapping.reading import NotExpressible

Tree = dict[str, Any]
# Which operator, and whether negated.
_OPERATORS = {
    "eq": ("equals", False), "==": ("equals", False), "ne": ("equals", True),
    "!=": ("equals", True), "lt": ("less", False), "<": ("less", False), "gt": ("greater", False),
    ">": ("greater", False), "le": ("greater", True), "lte": ("greater", True),
    "<=": ("greater", True), "ge": ("less", True), "gte": ("less", True), ">=": ("less", True),
    "contains": ("contains", False), "not_contains": ("contains", True),
    "matches": ("matches", False), "starts_with": ("starts_with", False),
    "not_starts_with": ("starts_with", True), "present": ("exists", False),
    "absent": ("exists", True), "always": ("exists", False), }  # fmt: skip


_SCALAR = {"type": ["number", "string"]}
_FLAGS = {"true", "false"}


def negated(tree: Tree) -> Tree:
    """What holds when the tree is false."""
    return {"not": tree}


def compared(leaf: Tree, operator: str, value: Any, *, loose: bool = False) -> Tree:
    """A leaf; a loose one takes a text that looks like JSON for that value, too."""
    if operator not in _OPERATORS:
        raise NotExpressible(f"operator {operator}")
    name, not_so = _OPERATORS[operator]
    if name == "exists":
        if operator == "absent":
            return {**leaf, "operator": "exists", "value": False}
        value = True
    tree = {**leaf, "operator": name, "value": value}
    if loose and name == "equals":
        tree = _loosely(tree)
    return negated(tree) if not_so else tree


def _loosely(tree: Tree) -> Tree:
    try:
        meant = json.loads(tree["value"]) if isinstance(tree["value"], str) else tree["value"]
    except ValueError:
        return tree
    if meant is None or isinstance(meant, str):
        return tree  # null is nothing to be equal to
    return {"any": [tree, {**tree, "value": meant}]}


def json_fails_if(rule: Tree) -> Tree:
    """A JSON rule of bbe: what must not be. A body that isn't JSON fails either way."""
    return negated(json_fails_unless(rule))


def json_fails_unless(rule: Tree) -> Tree:
    """What must be."""
    leaf = {"subject": "json", "property": jsonpath_of(rule["path"])}
    return compared(leaf, rule.get("op", "eq"), rule.get("value"))


def sentry_tree(node: Tree, *, under_not: bool = False) -> Tree:
    """A tree of Sentry's, to which what isn't there is false, and so true under a negation."""
    rest = dict(node)
    for theirs, ours in (("and", "all"), ("or", "any")):
        if theirs in rest:
            return {ours: [sentry_tree(child, under_not=under_not) for child in rest[theirs]]}
    if "not" in rest:
        opposite = negated(sentry_tree(rest["not"], under_not=True))
        guards = [_comparable(leaf) for leaf in _compared_json(rest["not"])]
        return {"all": [opposite, *guards]} if guards else opposite
    operator = rest.pop("op", "eq")
    value, glob = rest.pop("value", None), rest.pop("glob", None)
    leaf, own = _sentry_leaf(rest)
    tree = _sentry_comparison(leaf, operator, own if own is not None else value, glob)
    if not under_not or leaf["subject"] == "status" or operator in {"always", "never"}:
        return tree
    return {"all": [{**leaf, "operator": "exists", "value": True}, tree]}


def _sentry_comparison(leaf: Tree, operator: str, value: Any, glob: str | None) -> Tree:
    if operator == "never":
        there = {**leaf, "operator": "exists"}
        return {"all": [{**there, "value": True}, {**there, "value": False}]}
    if glob is not None:
        if operator not in {"eq", "ne"}:
            raise NotExpressible(f"glob with {operator}")
        tree: Tree = {**leaf, "operator": "matches", "value": regex_of(glob)}
        return negated(tree) if operator == "ne" else tree
    of_json = leaf["subject"] == "json"
    return compared(leaf, operator, value, loose=of_json and value not in _FLAGS)


def _compared_json(node: Tree) -> list[Tree]:
    """The leaves below that compare a part of the body."""
    children = [*node.get("and", []), *node.get("or", []), *filter(None, [node.get("not")])]
    below = [leaf for child in children for leaf in _compared_json(child)]
    own = "json" in node and node.get("op", "eq") not in {"always", "never"}
    return [node] if own else below


def _comparable(leaf: Tree) -> Tree:
    """What is neither number nor text can't be compared, and that is no better under a negation."""
    part = {"subject": "json", "property": without_globs(leaf["json"])}
    scalar = {**part, "subject": "json_schema", "operator": "matches", "value": _SCALAR}
    return {"any": [{**part, "operator": "exists", "value": False}, scalar]}


def _sentry_leaf(rest: Tree) -> tuple[Tree, Any]:
    """What a leaf looks at, and the value if it stands there."""
    match rest:
        case {"status": code} if len(rest) == 1:
            return {"subject": "status"}, code
        case {"json": path} if len(rest) == 1:
            return {"subject": "json", "property": without_globs(path)}, None
        case {"header": name} | {"header_glob": name} if len(rest) == 1:
            return {"subject": "header", "property": name}, None
    raise NotExpressible(f"assertion {', '.join(rest)}")
