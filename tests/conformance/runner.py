"""Running cases: many at a time, those that measure time one by one."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.conformance.exceptions import Exceptions
from tests.conformance.expecting import mismatches
from tests.conformance.kit import Kit, Run
from tests.conformance.mapping.reading import NotExpressible
from tests.conformance.replay.bench import Bench, opened
from tests.conformance.replay.choosing import replay
from tests.conformance.replay.undisturbed import undisturbed

AT_ONCE = 20
_LONGEST_S = 60


@dataclass(frozen=True)
class Verdict:
    """How a run went."""

    run: Run
    said: Literal["passed", "failed", "excepted"]
    why: str = ""
    category: str = ""

    def __str__(self) -> str:
        return f"{self.run.id}: {self.said}" + (f": {self.why}" if self.why else "")


async def run_all(kit: Kit, runs: Sequence[Run], exceptions: Exceptions) -> AsyncIterator[Verdict]:
    """Verdicts as they come."""
    async with opened() as bench:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(run: Run) -> Verdict:
            async with places:
                return await _judged(run, kit, bench, exceptions)

        for ended in asyncio.as_completed([one(run) for run in runs if not run.alone]):
            yield await ended
        for run in runs:
            if run.alone:
                yield await _judged(run, kit, bench, exceptions)


async def _judged(run: Run, kit: Kit, bench: Bench, exceptions: Exceptions) -> Verdict:
    wrong = await _wrong(run, kit, bench)
    if wrong is None:
        return Verdict(run, "passed")
    excepted = exceptions.of(run.id, wrong) or _disputed(run)
    if excepted is None:
        return Verdict(run, "failed", wrong)
    return Verdict(run, "excepted", f"{excepted[1]} [{wrong}]", excepted[0])


def _disputed(run: Run) -> tuple[str, str] | None:
    disputed = run.record.get("confidence") == "disputed"
    return ("decision", "disputed, and not to be built to") if disputed else None


async def _wrong(run: Run, kit: Kit, bench: Bench) -> str | None:
    """What is wrong with a run; None if nothing is."""
    try:
        async with asyncio.timeout(_LONGEST_S):
            observation = await undisturbed(lambda: replay(run, kit, bench))
        return "; ".join(mismatches(run, observation)) or None
    except NotExpressible as error:
        return str(error)
    except TimeoutError:
        return f"it took longer than {_LONGEST_S} s"
    except Exception as error:
        # A case that nobody has seen yet must not end the others.
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"the runner failed: {type(error).__name__}: {error} ({where.name}:{where.lineno})"
