"""`vedette check`: one check of one target, here and now, without any server."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from vedette.core.errors import Permanent
from vedette.core.faults import faults
from vedette.core.job import ONE_OFF, run_by
from vedette.core.kinds import kinds, model_of, parse_monitor
from vedette.core.monitor import ProbedSpec
from vedette.core.outcome import Outcome
from vedette.core.result import Result
from vedette.prober.checks import Checker
from vedette.prober.jobs import Job
from vedette.prober.limits import Limits
from vedette.prober.metrics import CheckMetrics
from vedette.prober.service import probing
from vedette.prober.settings import ProberSettings

EXIT_CODES = {Outcome.UP: 0, Outcome.DOWN: 1, Outcome.DEGRADED: 2}
COULD_NOT_TELL = 3
_COLOURS = {Outcome.UP: "green", Outcome.DOWN: "red", Outcome.DEGRADED: "yellow"}
_BAR = 40


def definition_of(target: str | None, kind: str, file: Path | None) -> ProbedSpec:
    """What to check: a definition from a file (YAML or JSON), or a target in short.

    Raises Permanent, saying what is wrong.
    """
    if (target is None) is (file is None):
        raise Permanent("name a target, like https://example.org, or a file with -f; one of them")
    written = _read(file) if file is not None else _in_short(target or "", kind)
    try:
        spec = parse_monitor({"name": "check", **written})
    except ValidationError as error:
        raise Permanent("\n".join(map(str, faults(error, model_of(written))))) from None
    if not isinstance(spec, ProbedSpec):
        raise _passive(spec.kind)
    return spec


def checkable() -> list[str]:
    """The kinds that can be checked here and now."""
    return [name for name, model in kinds().items() if not model.PASSIVE]


async def check_once(spec: ProbedSpec, settings: ProberSettings) -> Result:
    """Run one check as a prober does."""
    now = time.time_ns() // 1_000_000
    job = Job(uuid4(), ONE_OFF, now, run_by(now, spec.interval_s * 1000), spec.probed())
    limits = Limits(total=1, per_host=1)
    async with probing(settings) as context:
        return await Checker(context, limits, CheckMetrics(settings.region)).check(job)


def report(console: Console, spec: ProbedSpec, result: Result) -> None:
    """Tell a person: the outcome, why, how long each phase took, what else was seen."""
    colour = _COLOURS.get(result.outcome, "magenta")
    console.print(
        f"[bold {colour}]{result.outcome.value.upper()}[/]  {escape(spec.target.summary())}",
        highlight=False,
    )
    if result.reason is not None:
        console.print(f"  because {result.reason.words} ({result.reason.value})", highlight=False)
    if result.message:
        console.print(f"  {escape(result.message)}", highlight=False, soft_wrap=True)
    _print_phases(console, result, colour)
    _print_hops(console, result)
    for name, value in result.facts.items():
        console.print(f"  {name:<22} {escape(str(value))}", highlight=False, soft_wrap=True)


def _print_phases(console: Console, result: Result, colour: str) -> None:
    if result.duration_ms is None:
        return
    total = max(sum(result.phases.values()), 0.001)
    before = 0.0
    for phase, ms in result.phases.items():
        start, width = round(before / total * _BAR), max(round(ms / total * _BAR), 1)
        bar = " " * min(start, _BAR - 1) + "━" * width
        console.print(f"  {phase:<12} {ms:9.1f} ms  [{colour}]{bar}[/]", highlight=False)
        before += ms
    console.print(f"  {'total':<12} {result.duration_ms:9.1f} ms", highlight=False)


def _print_hops(console: Console, result: Result) -> None:
    for number, hop in enumerate(result.hops, 1):
        status = "no answer" if hop.status is None else str(hop.status)
        where = f" from {hop.ip}" if hop.ip else ""
        spent = ", ".join(f"{phase} {ms:.1f}" for phase, ms in hop.phases.items())
        line = (
            f"  {number}. {hop.url}: {status}{where}, {sum(hop.phases.values()):.1f} ms ({spent})"
        )
        console.print(escape(line), highlight=False, soft_wrap=True)


def _read(file: Path) -> dict[str, Any]:
    try:
        written = yaml.safe_load(file.read_text())
    except OSError as error:
        raise Permanent(f"{file}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Permanent(f"{file} is neither YAML nor JSON: {error}") from error
    if not isinstance(written, dict):
        raise Permanent(f"{file} holds no definition: it is a mapping, with kind and target")
    return written


def _in_short(target: str, kind: str) -> dict[str, Any]:
    model = kinds().get(kind)
    if model is None:
        raise Permanent(f"there is no kind {kind!r}; there is {', '.join(checkable())}")
    if model.PASSIVE:
        raise _passive(kind)
    annotation: Any = model.model_fields["target"].annotation
    return {"kind": kind, "target": annotation.in_short(target)}


def _passive(kind: str) -> Permanent:
    return Permanent(
        f"monitors of kind {kind} are told how their target is: there is nothing to check"
    )
