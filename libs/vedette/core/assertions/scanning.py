"""The pieces of a short form, one after the other."""

import json
import math
import re
from collections.abc import Callable
from typing import Any

_BLANK = re.compile(r"\s*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r"[^\s'\"=<>(){},]+|\"[^\"]*\"|'[^']*'")
_SYMBOL = re.compile(r"==|!=|<=|>=|<|>")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_UNIT = re.compile(r"\s?([A-Za-z]+|%)")
_LITERALS = {"true": True, "false": False, "null": None}
_MOST = 100
_DIGITS = 40

Convert = Callable[[float, str], float]


class Scanner:
    """Reads from left to right; what it takes is gone."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0
        self._skip()

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.at == len(self._text)

    def error(self, expected: str, *, at: int | None = None) -> ValueError:
        """What was expected where, and what is there."""
        where = self.at if at is None else at
        rest = self._text[where : where + 20]
        found = f"found {rest!r}" if rest else "found the end"
        return ValueError(f"at position {where + 1}: {expected}, {found}")

    def peek(self) -> str:
        """The word that is next, if it is one."""
        found = _WORD.match(self._text, self.at)
        return "" if found is None else found[0]

    def take(self, word: str) -> bool:
        """Take this word, if it is next."""
        return self.peek() == word and bool(self._match(_WORD))

    def take_symbol(self, symbol: str) -> bool:
        """Take this character, if it is next."""
        if not self._text.startswith(symbol, self.at):
            return False
        self.at += len(symbol)
        self._skip()
        return True

    def word(self) -> str:
        """A word, or nothing."""
        return self._match(_WORD)

    def token(self) -> str:
        """A name with any characters but blanks, quotes and comparisons; or in quotes."""
        return self._match(_TOKEN).strip("'\"")

    def symbol(self) -> str:
        """A comparison, or nothing."""
        return self._match(_SYMBOL)

    def path(self) -> str | None:
        """A JSONPath, if one is next: up to a blank outside of brackets and quotes."""
        if not self._text.startswith("$", self.at):
            return None
        end, depth, quote = self.at, 0, ""
        while end < len(self._text):
            c = self._text[end]
            if quote:
                end += c == "\\"
                quote = "" if c == quote else quote
            elif c in "'\"":
                quote = c
            elif depth == 0 and (c.isspace() or c in "=<>!)"):
                break
            depth += (c in "[(") - (c in "])") if not quote else 0
            end += 1
        path = self._text[self.at : end]
        self.at = min(end, len(self._text))
        self._skip()
        return path

    def value(self, convert: Convert | None = None) -> Any:
        """A JSON value; text also in single quotes; numbers with a unit if they are converted.

        Raises ValueError. `convert` raises LookupError for what is no unit.
        """
        start = self._text[self.at : self.at + 1]
        if start in {"'", '"'}:
            return self._quoted(start)
        if start == "[":
            return self._list(convert)
        if start == "{":
            return self._object()
        if self.peek() in _LITERALS:
            return _LITERALS[self.word()]
        return self._number(convert)

    def _number(self, convert: Convert | None) -> float:
        found = _NUMBER.match(self._text, self.at)
        if found is None or len(found[0]) > _DIGITS:
            raise self.error("expected a value (a number, true, false, null, or text in quotes)")
        self.at = found.end()
        number = float(found[0]) if any(c in found[0] for c in ".eE") else int(found[0])
        if not math.isfinite(number):
            raise self.error("expected a smaller number", at=found.start())
        if convert is not None:
            number = self._in_unit(number, convert)
        self._skip()
        return number

    def _in_unit(self, number: float, convert: Convert) -> float:
        unit = _UNIT.match(self._text, self.at)
        if unit is None:
            return number
        try:
            converted = convert(number, unit[1])
        except LookupError as error:
            if unit[0] != unit[1]:  # behind a blank it may be another word
                return number
            raise self.error(str(error.args[0])) from None
        self.at = unit.end()
        return converted

    def _quoted(self, quote: str) -> str:
        opened, pieces = self.at, []
        at = self.at + 1
        while at < len(self._text) and self._text[at] != quote:
            at += self._text[at] == "\\" and self._text[at + 1 : at + 2] in {quote, "\\"}
            pieces.append(self._text[at : at + 1])
            at += 1
        if at >= len(self._text):
            raise self.error("expected the closing quote", at=opened)
        self.at = at + 1
        self._skip()
        return "".join(pieces)

    def _list(self, convert: Convert | None) -> list[Any]:
        self.take_symbol("[")
        found: list[Any] = []
        while not self.take_symbol("]"):
            if len(found) == _MOST:
                raise self.error(f"expected at most {_MOST} values")
            if found and not self.take_symbol(","):
                raise self.error("expected , or ]")
            if self._text.startswith("[", self.at):
                raise self.error("expected no list within a list")
            found.append(self.value(convert))
        return found

    def _object(self) -> Any:
        try:
            value, self.at = json.JSONDecoder().raw_decode(self._text, self.at)
        except (ValueError, RecursionError):
            raise self.error("expected JSON") from None
        self._skip()
        return value

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        self._skip()
        return found[0]

    def _skip(self) -> None:
        found = _BLANK.match(self._text, self.at)
        self.at = found.end() if found is not None else self.at
