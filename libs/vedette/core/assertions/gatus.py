"""Gatus conditions (`[STATUS] == 200`), translated to the tree that means the same.

What differs on purpose: an order (`<`, `>`) of what is missing, or is no number, fails, where
Gatus takes it for 0; a body that isn't JSON fails every condition on its parts; lengths of text
are characters, not bytes, and an object within the body has its members counted; numbers aren't cut
to integers. `[CONNECTED] == true` always holds, as
only what has connected is asked; for its opposite a monitor has `expect_failure`.
"""

import json
import re
from typing import Any

from vedette.core.assertions.compare import number_of
from vedette.core.assertions.gatusparts import Side, sides
from vedette.core.assertions.patterns import among_blanks, exactly, from_wildcard
from vedette.core.assertions.units import whole

Tree = dict[str, Any]

_STARTS = re.compile(r"\s*(?:\[|(?:len|has|any|pat)\()")
_ON_THE_RIGHT = re.compile(
    r"(?:==|!=|<=|>=|<|>) (?:len\(|has\()?"
    r"\[(?:STATUS|IP|BODY|RESPONSE_TIME|CONNECTED|DNS_RCODE|CERTIFICATE_EXPIRATION"
    r"|DOMAIN_EXPIRATION|HEADER)\]",
    re.IGNORECASE,
)
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")
_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_DAY_MS = 86_400_000
_ORDERS = {"<": ("less", False), ">": ("greater", False), "<=": ("greater", True),
           ">=": ("less", True)}  # fmt: skip
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_LITERALS = {"true": True, "false": False, "null": None}


def is_condition(text: str) -> bool:
    """Whether a text is meant as a Gatus condition."""
    return bool(_STARTS.match(text) or _ON_THE_RIGHT.search(text))


def translate(condition: str) -> Tree:
    """The tree for a condition. Raises ValueError for what Gatus or Vedette has no meaning for."""
    left, operator, right = sides(condition)
    if left.subject and right.subject:
        return _two_seen(left, operator, right)
    if right.subject:
        left, operator, right = right, _FLIPPED[operator], left
    if not left.subject:
        return _constant(_literals(left.text, operator, right.text))
    return _compared(left, operator, right.text)


def _compared(side: Side, operator: str, literal: str) -> Tree:
    if side.function == "has":
        return _presence(side, operator, literal)
    if side.function == "len":
        return _length(side, operator, literal)
    if side.subject == "connected":
        return _connected(operator, literal)
    if operator in _ORDERS:
        return _ordered(side, operator, _quantity(side, literal))
    return _equality(side, literal, negated=operator == "!=")


def _constant(truth: bool) -> Tree:
    """A check that is judged has taken time."""
    return {"subject": "latency", "operator": "exists", "value": truth}


def _literals(left: str, operator: str, right: str) -> bool:
    numbers = number_of(left), number_of(right)
    if operator in {"==", "!="}:
        equal = left == right if None in numbers else numbers[0] == numbers[1]
        return equal is (operator == "==")
    low, high = numbers[0] or 0, numbers[1] or 0
    return {"<": low < high, ">": low > high, "<=": low <= high, ">=": low >= high}[operator]


def _connected(operator: str, literal: str) -> Tree:
    if (operator, literal) in {("==", "true"), ("!=", "false")}:
        return _constant(True)
    raise ValueError("what must not connect is a monitor with expect_failure, not a condition")


def _presence(side: Side, operator: str, literal: str) -> Tree:
    if operator not in {"==", "!="} or literal not in {"true", "false"}:
        raise ValueError("has() is compared with true or false")
    present = (literal == "true") is (operator == "==")
    return {**side.leaf, "operator": "exists", "value": present}


def _length(side: Side, operator: str, literal: str) -> Tree:
    number = number_of(literal)
    if number is None:  # no length is that; the leaf tells what there was
        never: Tree = {**side.leaf, "operator": "length", "value": {"less": 0}}
        return _constant(True) if operator == "!=" else never
    if side.subject != "body":
        return _length_of(side.leaf, operator, number)
    # A list counts its elements, anything else its characters, objects included.
    a_list: Tree = {"subject": "body", "operator": "matches", "value": r"\A\s*\["}
    return {
        "any": [
            {"all": [a_list, _length_of({"subject": "json"}, operator, number)]},
            {"all": [{"not": a_list}, _length_of(side.leaf, operator, number)]},
        ]
    }


def _length_of(leaf: Tree, operator: str, number: float) -> Tree:
    name, negated = _ORDERS.get(operator, ("equals" if operator == "==" else "not_equals", False))
    value: Any = number if name == "equals" else {name: number}
    tree: Tree = {**leaf, "operator": "length", "value": value}
    return {"not": tree} if negated else tree


def _ordered(side: Side, operator: str, number: float) -> Tree:
    name, negated = _ORDERS[operator]
    tree: Tree = {**side.leaf, "operator": name, "value": number}
    if negated:
        tree = {"not": tree}
    zero = {"<": number > 0, ">": number < 0, "<=": number >= 0, ">=": number <= 0}[operator]
    return _or_missing(side, tree) if side.values == "days" and zero else tree


def _equality(side: Side, literal: str, *, negated: bool) -> Tree:
    tree = _equal(side, literal)
    # Without a certificate or a registration the time it is still valid for is 0.
    zero = side.values == "days" and (_quantity(side, literal) == 0) is not negated
    if negated:
        tree = _negated(tree)
    return _or_missing(side, tree) if zero or (negated and side.subject == "json") else tree


def _negated(tree: Tree) -> Tree:
    if tree.get("operator") == "equals":
        return {**tree, "operator": "not_equals"}
    return {"not": tree}


def _or_missing(side: Side, tree: Tree) -> Tree:
    return {"any": [{**side.leaf, "operator": "exists", "value": False}, tree]}


def _equal(side: Side, literal: str) -> Tree:
    choices = _argument("any", literal)
    if choices is not None:
        trees = [_equal(side, choice.strip()) for choice in choices.split(",")]
        return trees[0] if len(trees) == 1 else _any(trees)
    wildcard = _argument("pat", literal)
    if wildcard is not None:
        return _matching(side, from_wildcard(wildcard))
    if side.values in {"numbers", "ms", "days"}:
        return _equal_number(side, _quantity(side, literal))
    return _equal_text(side, literal)


def _equal_text(side: Side, literal: str) -> Tree:
    number = number_of(literal)
    if number is not None:
        return {**side.leaf, "operator": "between", "value": [number, number]}
    if side.subject == "body":
        return _matching(side, exactly(literal))
    as_text: Tree = {**side.leaf, "operator": "equals", "value": literal}
    if side.subject == "json":
        found, value = _json(literal)
        if found:
            return {"any": [{**as_text, "value": value}, as_text]}
    return as_text


def _matching(side: Side, pattern: str) -> Tree:
    """Blanks around a body, such as the end of its last line, don't count."""
    pattern = among_blanks(pattern) if side.subject == "body" else pattern
    return {**side.leaf, "operator": "matches", "value": pattern}


def _any(trees: list[Tree]) -> Tree:
    values = [tree.get("value") for tree in trees]
    if all(tree.get("operator") == "equals" for tree in trees):
        return {**trees[0], "operator": "in", "value": values}
    if all(tree.get("operator") == "matches" for tree in trees):
        return {**trees[0], "value": "|".join(f"(?:{pattern})" for pattern in values)}
    return {"any": trees}


def _equal_number(side: Side, number: float) -> Tree:
    if side.values == "numbers":
        return {**side.leaf, "operator": "equals", "value": number}
    # Gatus counts whole milliseconds.
    width = 0.999999 if side.values == "ms" else 0.999999 / _DAY_MS
    return {**side.leaf, "operator": "between", "value": [number, number + width]}


def _json(literal: str) -> tuple[bool, Any]:
    if literal in _LITERALS:
        return True, _LITERALS[literal]
    if literal[:1] in {"{", "["}:
        try:
            return True, json.loads(literal)
        except (ValueError, RecursionError):
            return False, None
    return False, None


def _argument(function: str, literal: str) -> str | None:
    if literal.startswith(f"{function}(") and literal.endswith(")"):
        return literal[len(function) + 1 : -1]
    return None


def _quantity(side: Side, literal: str) -> float:
    """A number in the subject's own unit. Raises ValueError if it is none.

    To Gatus, a time is a number of milliseconds, whatever it is compared with.
    """
    if side.values != "numbers" and _DURATION.fullmatch(literal):
        parts = _DURATION_PART.findall(literal)
        number: float | None = sum(float(n) * _MS[unit] for n, unit in parts)
    else:
        number = number_of(literal)
    if number is None:
        raise ValueError(f"{side.text} is compared with a number, not with {literal[:40]!r}")
    return whole(number / _DAY_MS) if side.values == "days" else whole(number)


def _two_seen(left: Side, operator: str, right: Side) -> Tree:
    if left.function or right.function or "connected" in {left.subject, right.subject}:
        raise ValueError("len(), has() and [CONNECTED] are compared with a value alone")
    if left.values != right.values and "days" in {left.values, right.values}:
        raise ValueError(f"{left.text} and {right.text} have nothing to be compared in")
    name, negated = _ORDERS.get(operator, ("equals" if operator == "==" else "not_equals", False))
    held: Tree = {**left.leaf, "operator": name, "value_of": right.leaf}
    if operator != "!=":
        return {"not": held} if negated else held
    missing = [{**side.leaf, "operator": "exists", "value": False} for side in (left, right)]
    return {"any": [*missing, held]}
