"""What the doctor says: to a person in lines, to a program in JSON."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape

from vedette.cli.doctor.dwell import Dwell
from vedette.cli.doctor.run import Report
from vedette.core.version import __version__
from vedette.core.wellness import Finding, Level

_SIGNS = {Level.OK: "[green]✓[/]", Level.WARN: "[yellow]![/]", Level.BAD: "[red]✗[/]"}
_COLUMNS = ("p50", "p95", "p99", "count")
_VERDICTS = {
    Level.OK: "[green]Vedette is well.[/]",
    Level.WARN: "[yellow]Vedette is well, but see to what is marked.[/]",
    Level.BAD: "[red]Vedette is not well.[/]",
}


def told(report: Report) -> dict[str, Any]:
    """For programs."""
    return {
        "version": __version__,
        "level": report.worst,
        "sections": {
            name: [
                {key: value for key, value in asdict(finding).items() if value is not None}
                for finding in findings
            ]
            for name, findings in report.sections.items()
        },
        "dwell": [asdict(dwell) for dwell in report.dwells],
    }


def show(console: Console, report: Report) -> None:
    """For people."""
    for name, findings in report.sections.items():
        console.print(f"[bold]{name}[/]", highlight=False)
        for finding in findings:
            _show(console, finding)
        console.print()
    if report.dwells:
        _show_dwells(console, report.dwells)
    console.print(_VERDICTS[report.worst], highlight=False)


def _show(console: Console, finding: Finding) -> None:
    line = f"  {_SIGNS[finding.level]} {escape(finding.part):<14} {escape(finding.words)}"
    console.print(line, highlight=False, soft_wrap=True, emoji=False)
    if finding.advice is not None:
        advice = f"{'':<19}{escape(finding.advice)}"
        console.print(advice, highlight=False, soft_wrap=True, emoji=False)


def _show_dwells(console: Console, dwells: list[Dwell]) -> None:
    head = f"[bold]{'dwell times':<25}[/]" + "".join(f"{name:>10}" for name in _COLUMNS)
    console.print(head, highlight=False)
    for dwell in dwells:
        shares = (_seconds(share) for share in (dwell.p50_s, dwell.p95_s, dwell.p99_s))
        cells = "".join(f"{cell:>10}" for cell in (*shares, dwell.count))
        name = dwell.stage.replace("_", " ")
        console.print(f"  {name:<23}{cells}  {dwell.source}", highlight=False, soft_wrap=True)
    console.print()


def _seconds(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"
