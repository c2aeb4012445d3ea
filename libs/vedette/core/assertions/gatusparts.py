"""The two sides of a Gatus condition, taken apart."""

import re
from dataclasses import dataclass
from typing import Any, Literal

_OPERATORS = (" == ", " != ", " <= ", " >= ", " > ", " < ")
_PLACEHOLDER = re.compile(r"\[([A-Za-z_]+)\](.*)", re.DOTALL)
_STEP = re.compile(r"\.?(?:([^.\[\]]+)|\[(\d+)\]|\[(?:\"([^\"]*)\"|'([^']*)')\])")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Values = Literal["numbers", "ms", "days", "text", "json", "connected", ""]
_SUBJECTS: dict[str, tuple[str, Values]] = {
    "STATUS": ("status", "numbers"),
    "IP": ("ip", "text"),
    "BODY": ("body", "text"),
    "RESPONSE_TIME": ("latency", "ms"),
    "CONNECTED": ("connected", "connected"),
    "DNS_RCODE": ("rcode", "text"),
    "CERTIFICATE_EXPIRATION": ("certificate", "days"),
    "DOMAIN_EXPIRATION": ("domain", "days"),
    "HEADER": ("header", "text"),
}
_NEVER_THERE = "has()"


@dataclass(frozen=True, slots=True)
class Side:
    """One side: of a literal, only its text."""

    text: str
    subject: str = ""
    part: str | None = None
    function: str = ""
    values: Values = ""

    @property
    def leaf(self) -> dict[str, Any]:
        """The beginning of a leaf about it."""
        named = {} if self.part is None else {"property": self.part}
        return {"subject": self.subject, **named}


def sides(condition: str) -> tuple[Side, str, Side]:
    """Left, operator, right. Raises ValueError."""
    for operator in _OPERATORS:
        left, found, right = condition.partition(operator)
        if found:
            return _side(left.strip()), operator.strip(), _side(right.strip())
    raise ValueError(f"no operator (== != <= >= < > between blanks) in {condition[:60]!r}")


def _side(text: str) -> Side:
    for function in ("len", "has"):
        if text.startswith(f"{function}([") and text.endswith(")"):
            return _placeholder(text, text[len(function) + 1 : -1], function)
    return Side("false") if text == _NEVER_THERE else _placeholder(text, text, "")


def _placeholder(text: str, inside: str, function: str) -> Side:
    found = _PLACEHOLDER.fullmatch(inside)
    if found is None:
        return Side(text)
    name, rest = found[1].upper(), found[2]
    if name not in _SUBJECTS:
        raise ValueError(f"nothing that is seen answers to [{name}]; there is {_known()}")
    subject, values = _SUBJECTS[name]
    if subject == "body" and rest:
        return Side(text, "json", _path(rest), function, "json")
    if subject == "header":
        return Side(text, subject, _header(rest), function, values)
    if rest:
        raise ValueError(f"[{name}] has no parts, such as {rest[:40]!r}")
    return Side(text, subject, "days_left" if values == "days" else None, function, values)


def _path(rest: str) -> str:
    """`.data.users[0]` as a JSONPath."""
    path, at = "$", 0
    while at < len(rest):
        step = _STEP.match(rest, at)
        if step is None:
            raise ValueError(f"not a path into the body: {rest[:60]!r}")
        path += f"[{step[2]}]" if step[2] is not None else _member(step)
        at = step.end()
    return path


def _header(rest: str) -> str:
    if not rest.startswith(".") or not rest[1:]:
        raise ValueError("[HEADER] names a header behind a dot: [HEADER].Content-Type")
    return rest[1:]


def _member(step: re.Match[str]) -> str:
    name = next(part for part in (step[1], step[3], step[4]) if part is not None)
    if _PLAIN.fullmatch(name):
        return f".{name}"
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{quoted}']"


def _known() -> str:
    return ", ".join(f"[{name}]" for name in _SUBJECTS)
