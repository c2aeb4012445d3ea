"""A verdict, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.faults.judge import BAR, Verdict

_SHOWN = 12


def table(verdict: Verdict) -> str:
    """Figures first, then what must be zero, then particulars of what is not."""
    return "\n".join(_lines(verdict))


def as_json(verdict: Verdict, **run: object) -> str:
    """One object: the run, the figures, and how many of each finding."""
    counts = {name: len(verdict.findings.get(name, ())) for name in BAR}
    return json.dumps({**run, **verdict.figures, **counts, "holds": verdict.holds}, indent=2)


def _lines(verdict: Verdict) -> Iterator[str]:
    width = max(len(name) for name in (*verdict.figures, *BAR)) + 2
    for name, number in sorted(verdict.figures.items()):
        yield f"  {name:<{width}}{number:>9}"
    yield "  " + "─" * (width + 9)
    for name in BAR:
        number = len(verdict.findings.get(name, ()))
        yield f"  {name:<{width}}{number:>9}  {'' if number else 'ok'}".rstrip()
    for name, found in verdict.findings.items():
        for what in found[:_SHOWN]:
            yield f"{name}: {what}"
        if len(found) > _SHOWN:
            yield f"{name}: … and {len(found) - _SHOWN} more"
