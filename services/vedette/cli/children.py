"""Programs that run for as long as this process does: one that ends is started again."""

import asyncio
import contextlib
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

Ended = Callable[[str], Awaitable[None]]
"""Is told the name of a program that ended by itself, before it is started again."""

log = structlog.get_logger()
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 30.0
_STEADY_S = 60
"""One that ran for so long is started again as soon as the first time."""
_GRACE_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run, and how long it may take to end when it is asked to."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    drain_s: float


@contextlib.asynccontextmanager
async def kept_running(programs: Sequence[Program], ended: Ended) -> AsyncIterator[None]:
    """Run them all while the block lasts, then ask them to end, and wait until they have."""
    tasks = [asyncio.create_task(_keep(program, ended), name=program.name) for program in programs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep(program: Program, ended: Ended) -> None:
    loop, pause_s = asyncio.get_running_loop(), _FIRST_PAUSE_S
    while True:
        began = loop.time()
        end = await _run(program)
        if loop.time() - began >= _STEADY_S:
            pause_s = _FIRST_PAUSE_S
        log.error(
            "a process ended that should run; it is started again", name=program.name, end=end,
            pause_s=pause_s,
        )  # fmt: skip
        await asyncio.gather(asyncio.sleep(pause_s), ended(program.name))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


async def _run(program: Program) -> str:
    """Run it once; says how it ended by itself."""
    try:
        # In a session of its own: Ctrl-C is for us, who end it when its work has stopped coming.
        process = await asyncio.create_subprocess_exec(
            *program.argv, stdin=DEVNULL, env=program.environment, start_new_session=True
        )
    except OSError as error:
        return f"it can't be started: {error}"
    log.info("process started", name=program.name, pid=process.pid)
    try:
        return _told(await process.wait())
    except asyncio.CancelledError:
        await _end(process, program)
        raise


async def _end(process: Process, program: Program) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(program.drain_s + _GRACE_S):
            await process.wait()
    except TimeoutError:
        log.warning("a process does not end; it is killed", name=program.name, pid=process.pid)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _told(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
