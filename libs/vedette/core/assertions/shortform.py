"""The short form of an assertion, parsed to the tree it stands for.

    status == 200                           json $.items length > 0
    status in [200, 204]                    every json $.items[*].state == 'up'
    status between [200, 299]               json $.error is missing
    body contains 'ok'                      json_schema {"type": "object"}
    header content-type starts_with 'text/' latency connect < 50ms
    not body matches '(?i)error'            certificate days_left > 14
    domain days_left > 30d                  domain nameservers equals 'ns1.example.org'

A comparison is `[any|every] SUBJECT [PROPERTY] [length] OPERATOR VALUE`, joined by `and`, `or`,
`not` and parentheses (`and` binds closer than `or`). The operators are `==` `!=` `<` `>` `<=` `>=`
and the names of the tree; before a name may stand `not`; `exists` and `is missing` take no value.
Values are numbers, true, false, null, lists of values in brackets, JSON objects, and text in single
or double quotes, in which a backslash escapes the quote and itself. Numbers may have a unit: ms, s,
m, h, d of times, B, kB, KiB, MB, MiB of sizes, %. A JSONPath ends at the first blank or comparison
outside of its brackets and quotes.

A text that starts with a Gatus placeholder or function is a Gatus condition (see `gatus`).
"""

from functools import partial
from typing import Any

from vedette.core.assertions.gatus import is_condition, translate
from vedette.core.assertions.rules import RULES, values_of
from vedette.core.assertions.scanning import Scanner
from vedette.core.assertions.units import quantity

LONGEST = 2000
_DEEPEST = 12
_SYMBOLS = {"==": "equals", "!=": "not_equals", "<": "less", ">": "greater"}
_NEGATED = {"<=": "greater", ">=": "less"}
_NAMES = ("equals", "not_equals", "contains", "matches", "starts_with", "less", "greater",
          "between", "in", "exists")  # fmt: skip
_WORDS = frozenset({*_NAMES, "length", "not", "is", "and", "or"})
_ORDERING = frozenset({"less", "greater", "between"})

Tree = dict[str, Any]


def parse(text: str) -> Tree:
    """The tree, as plain JSON. Raises ValueError, saying what is wrong and at which position."""
    if len(text) > LONGEST:
        raise ValueError(f"an assertion's short form has at most {LONGEST} characters")
    if is_condition(text):
        return translate(text)
    scanner = Scanner(text)
    tree = _either(scanner, 0)
    if not scanner.at_end:
        raise scanner.error("expected and, or, or the end")
    return tree


def _either(scanner: Scanner, depth: int) -> Tree:
    return _joined("any", "or", scanner, [_both(scanner, depth)], lambda: _both(scanner, depth))


def _both(scanner: Scanner, depth: int) -> Tree:
    return _joined("all", "and", scanner, [_one(scanner, depth)], lambda: _one(scanner, depth))


def _joined(node: str, word: str, scanner: Scanner, parts: list[Tree], following: Any) -> Tree:
    while scanner.take(word):
        parts.append(following())
    return parts[0] if len(parts) == 1 else {node: parts}


def _one(scanner: Scanner, depth: int) -> Tree:
    if depth > _DEEPEST:
        raise scanner.error(f"nested deeper than {_DEEPEST} levels")
    if scanner.take("not"):
        return {"not": _one(scanner, depth + 1)}
    if scanner.take_symbol("("):
        tree = _either(scanner, depth + 1)
        if not scanner.take_symbol(")"):
            raise scanner.error("expected )")
        return tree
    return _comparison(scanner)


def _comparison(scanner: Scanner) -> Tree:
    match = next((word for word in ("any", "every") if scanner.take(word)), None)
    leaf: Tree = {"subject": _subject(scanner)}
    named = _property(scanner, leaf["subject"])
    if named is not None:
        leaf["property"] = named
    if match is not None:
        leaf["match"] = match
    if leaf["subject"] == "json_schema":
        return {**leaf, "operator": "matches", "value": scanner.value()}
    return _compared(scanner, leaf)


def _subject(scanner: Scanner) -> str:
    at = scanner.at
    word = scanner.word()
    if word not in RULES:
        raise scanner.error(f"expected a subject ({', '.join(RULES)})", at=at)
    return word


def _property(scanner: Scanner, subject: str) -> str | None:
    match subject:
        case "json" | "json_schema":
            return scanner.path()
        case "header" | "certificate" | "domain":
            found = scanner.token()
            if not found:
                raise scanner.error(f"expected the {subject}'s property")
            return found
        case "latency" | "answer":
            return None if scanner.peek() in _WORDS else scanner.word() or None
    return None


def _compared(scanner: Scanner, leaf: Tree) -> Tree:
    if scanner.take("is"):
        if not scanner.take("missing"):
            raise scanner.error("expected missing")
        return {**leaf, "operator": "exists", "value": False}
    of_length = scanner.take("length")
    negated = scanner.take("not")
    operator, inverse = _operator(scanner)
    if operator == "exists":
        value: Any = True
    else:
        unit_of = None if of_length else leaf
        value = _converted(leaf, operator, _value(scanner, unit_of), of_length=of_length)
    if of_length:
        operator, value = "length", value if operator == "equals" else {operator: value}
    tree = {**leaf, "operator": operator, "value": value}
    return {"not": tree} if negated is not inverse else tree


def _operator(scanner: Scanner) -> tuple[str, bool]:
    at = scanner.at
    symbol = scanner.symbol()
    if symbol in _SYMBOLS:
        return _SYMBOLS[symbol], False
    if symbol in _NEGATED:
        return _NEGATED[symbol], True
    word = scanner.word()
    if symbol or word not in _NAMES:
        raise scanner.error(f"expected an operator (== != < > <= >= {' '.join(_NAMES)})", at=at)
    return word, False


def _value(scanner: Scanner, leaf: Tree | None) -> Any:
    if leaf is None:
        return scanner.value()
    return scanner.value(partial(quantity, leaf["subject"], leaf.get("property")))


def _converted(leaf: Tree, operator: str, value: Any, *, of_length: bool) -> Any:
    """Numbers as text, where only text is compared: `header content-length == 5`."""
    if (
        of_length
        or operator in _ORDERING
        or values_of(leaf["subject"], leaf.get("property")) != "text"
    ):
        return value
    if isinstance(value, list):
        return [_written(one) for one in value]
    return _written(value)


def _written(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number else value
