"""Regular expressions over the records of a section."""

from collections.abc import Sequence
from typing import Literal

from vedette.core.assertions.patterns import Pattern
from vedette.core.kinds.dns import Section
from vedette.prober.dns.message import Record, Reply

_Patterns = Sequence[Pattern]


class SectionRules:
    """What is asked of one section; false if nothing is."""

    def __init__(self, name: Literal["answer", "authority", "additional"], asked: Section) -> None:
        self._name = name
        self._any = _compiled(asked.fail_if_matches)
        self._not = _compiled(asked.fail_if_not_matches)
        self._all = _compiled(asked.fail_if_all_match)
        self._none = _compiled(asked.fail_if_none_matches)

    def __bool__(self) -> bool:
        return bool(self._any or self._not or self._all or self._none)

    def judge(self, reply: Reply) -> str | None:
        """Why the section is not as expected."""
        records: list[Record] = getattr(reply, self._name)
        lines = [record.line() for record in records]
        what = self._present(lines) or self._absent(lines)
        return None if what is None else f"in the {self._name} section, {what}"

    def _present(self, lines: Sequence[str]) -> str | None:
        for pattern in self._any:
            found = next((line for line in lines if pattern.found_in(line)), None)
            if found is not None:
                return f"{pattern.text!r} matches {found!r}"
        for pattern in self._all:
            if lines and all(pattern.found_in(line) for line in lines):
                return f"{pattern.text!r} matches all records"
        return None

    def _absent(self, lines: Sequence[str]) -> str | None:
        if not lines and (self._not or self._none):
            return "there is no record"
        for pattern in self._not:
            other = next((line for line in lines if not pattern.found_in(line)), None)
            if other is not None:
                return f"{pattern.text!r} does not match {other!r}"
        if self._none and not any(p.found_in(line) for p in self._none for line in lines):
            patterns = ", ".join(repr(pattern.text) for pattern in self._none)
            return f"no record matches {patterns}"
        return None


def _compiled(patterns: Sequence[str]) -> _Patterns:
    return [Pattern(pattern) for pattern in patterns]
