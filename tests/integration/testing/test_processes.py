"""Waiting, ports and processes, as tests use them."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from vedette.testing.ports import free_port
from vedette.testing.process import Child
from vedette.testing.waiting import eventually


async def test_eventually_returns_the_first_truthy_value() -> None:
    values = iter([0, None, 7])
    assert await eventually(lambda: next(values), every=0) == 7


async def test_eventually_awaits_and_then_says_what_it_waited_for() -> None:
    async def never() -> list[str]:
        return []

    with pytest.raises(AssertionError, match=r"not within 0.01 s: a miracle \(last value: \[\]\)"):
        await eventually(never, within=0.01, every=0.001, what="a miracle")


def test_ports_are_given_out_once() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50


FAMILY = "import os, time; os.fork(); print(os.getpid(), flush=True); time.sleep(60)"


async def family(tmp_path: Path) -> Child:
    return await Child.start([sys.executable, "-c", FAMILY], log=tmp_path / "family.log")


async def members(child: Child) -> list[int]:
    await eventually(lambda: len(child.log_text().split()) == 2, what="parent and child")
    return [int(pid) for pid in child.log_text().split()]


def state(pid: int) -> str:
    """R, S, T (stopped), Z (zombie), or nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # … gone between opening and reading it
        return ""


async def test_a_child_takes_its_descendants_along(tmp_path: Path) -> None:
    async with await family(tmp_path) as child:
        pids = await members(child)
        child.freeze()
        await eventually(lambda: [state(pid) for pid in pids] == ["T", "T"], what="frozen")
        child.thaw()
        await eventually(lambda: [state(pid) for pid in pids] == ["S", "S"], what="thawed")
        child.terminate()
        assert await child.wait() == -signal.SIGTERM
        await eventually(lambda: {state(pid) for pid in pids} <= {"", "Z"}, what="all gone")


async def test_a_child_is_gone_after_its_block(tmp_path: Path) -> None:
    async with await family(tmp_path) as child:
        pids = await members(child)
    assert child.returncode == -signal.SIGKILL
    await eventually(lambda: {state(pid) for pid in pids} <= {"", "Z"}, what="all gone")


async def test_a_child_keeps_its_exit_code_and_words(tmp_path: Path) -> None:
    script = "import os; print(os.environ['WORD'], os.getcwd()); raise SystemExit(3)"
    argv = [sys.executable, "-c", script]
    log, env = tmp_path / "log", {"WORD": "hello"}
    async with await Child.start(argv, log=log, env=env, cwd=tmp_path) as child:
        assert await child.wait() == 3
        assert child.log_text() == f"hello {tmp_path}\n"
