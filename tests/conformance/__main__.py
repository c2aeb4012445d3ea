"""`python -m tests.conformance CASES.yaml`: every run, one line each, and how many passed."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import structlog
import uvloop
from tests.conformance.exceptions import Exceptions
from tests.conformance.kit import Kit, Run
from tests.conformance.runner import Verdict, run_all


def main() -> int:
    """0 if no run failed."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asked = _asked()
    kit = Kit.beside(asked.cases)
    runs = [run for run in kit.runs() if _wanted(run, asked)]
    return 1 if uvloop.run(_told(kit, runs, verbose=asked.verbose)) else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("cases", type=Path, help="the cases file; servers.py is beside it")
    parser.add_argument("--only", metavar="ID-PREFIX", default="", help="runs whose id begins so")
    parser.add_argument("--kind", help="runs of this kind")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell the title of failures")
    return parser.parse_args()


def _wanted(run: Run, asked: argparse.Namespace) -> bool:
    return run.id.startswith(asked.only) and asked.kind in {None, run.kind}


async def _told(kit: Kit, runs: Sequence[Run], *, verbose: bool) -> int:
    """How many failed."""
    verdicts: list[Verdict] = []
    async for verdict in run_all(kit, runs, Exceptions.load()):
        verdicts.append(verdict)
        print(verdict, flush=True)
        if verbose and verdict.said == "failed":
            print(f"    {verdict.run.record.get('title')}")
    _summarise(verdicts)
    said = Counter(verdict.said for verdict in verdicts)
    print(f"{said['passed']} passed, {said['failed']} failed")
    return said["failed"]


def _summarise(verdicts: Sequence[Verdict]) -> None:
    for kind in sorted({verdict.run.kind for verdict in verdicts}):
        said = Counter(verdict.said for verdict in verdicts if verdict.run.kind == kind)
        print(f"{kind}: " + ", ".join(f"{number} {what}" for what, number in sorted(said.items())))
    excepted = Counter(verdict.category for verdict in verdicts if verdict.said == "excepted")
    for category, number in excepted.items():
        print(f"excepted, {category}: {number}")


if __name__ == "__main__":
    sys.exit(main())
