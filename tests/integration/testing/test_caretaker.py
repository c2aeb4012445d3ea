"""Nothing that a test run started outlives it, however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from vedette.store.embedded import EmbeddedPostgres
from vedette.testing.caretaker import Caretaker
from vedette.testing.process import Child
from vedette.testing.scratch import scratch
from vedette.testing.waiting import eventually

ROOT = Path(__file__).parents[3]
RUN = """
import asyncio
import os
import sys
from pathlib import Path

import pytest

from vedette.testing.nginx import running_nginx
from vedette.testing.process import Child

pytest_plugins = ["tests.fixtures"]

APART = '''
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("started", flush=True)
time.sleep(600)
'''


@pytest.mark.usefixtures("broker", "redis", "postgres")
@pytest.mark.timeout(0)
async def test_that_never_ends(tmp_path, postgres):
    async with running_nginx(tmp_path / "nginx"):
        child = await Child.start([sys.executable, "-c", APART], log=tmp_path / "log")
        while "started" not in child.log_text():
            await asyncio.sleep(0.05)
        child.freeze()
        Path(os.environ["READY"]).write_text(postgres)
        await asyncio.Event().wait()
"""


def postgres_of(folder: Path) -> list[int]:
    file = folder / "data" / "postmaster.pid"
    return [int(file.read_text().split("\n", 1)[0])] if file.exists() else []


def living(processes: list[psutil.Process]) -> list[str]:
    """What they are called."""
    found = []
    for process in processes:
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid} {process.name()}")
        except psutil.NoSuchProcess:
            continue
    return found


async def a_run(tmp_path: Path, *words: str) -> tuple[Child, list[psutil.Process], Path]:
    """A pytest in the midst of a test, all it has started, and where its PostgreSQL lives."""
    (tmp_path / "test_run.py").write_text(RUN)
    ready = tmp_path / "ready"
    environment = {**os.environ, "READY": str(ready), "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml"), *words]
    child = await Child.start(
        [*argv, "--rootdir", tmp_path, "-p", "no:cacheprovider", tmp_path / "test_run.py"],
        log=tmp_path / "run.log",
        env=environment,
        cwd=tmp_path,
    )

    def runs() -> bool:
        assert child.returncode is None, child.log_text()
        return ready.exists() and ready.read_text() != ""

    await eventually(runs, within=90, what="everything runs")
    folder = Path(ready.read_text().partition("host=")[2].replace("%2F", "/")).parent
    servers = [psutil.Process(pid) for pid in postgres_of(folder)]
    started = psutil.Process(child.pid).children(recursive=True)
    for server in servers:
        started += [server, *server.children(recursive=True)]
    return child, started, folder


def names(processes: list[psutil.Process]) -> set[str]:
    return {process.name() for process in processes}


@pytest.mark.parametrize("words", [(), ("-n", "1")], ids=["alone", "by a worker"])
async def test_a_killed_run_leaves_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    run, started, folder = await a_run(tmp_path, *words)
    async with run:
        assert names(started) >= {"beam.smp", "epmd", "redis-server", "nginx", "postgres"}
        os.kill(run.pid, signal.SIGKILL)
        await eventually(lambda: not living(started), within=60, what="all servers are gone")
        await eventually(lambda: not folder.exists(), within=30, what="its folder is gone")


async def test_a_run_that_is_interrupted_twice_leaves_nothing(tmp_path: Path) -> None:
    run, started, folder = await a_run(tmp_path)
    async with run:
        for _ in range(2):
            os.killpg(run.pid, signal.SIGINT)  # as the terminal does
            await asyncio.sleep(0.2)
        await run.wait(60)
        await eventually(lambda: not living(started), within=60, what="all servers are gone")
        await eventually(lambda: not folder.exists(), within=30, what="its folder is gone")


async def test_a_folder_takes_along_the_server_that_a_killed_program_left() -> None:
    with scratch("test") as folder:
        await EmbeddedPostgres(folder, settings={"fsync": "off"}).start()
        server = psutil.Process(*postgres_of(folder))
        started = [server, *server.children(recursive=True)]
        server.suspend()
    assert not folder.exists()
    assert living(started) == []


async def test_what_is_gone_is_left_alone_and_the_rest_goes_the_newest_first(
    tmp_path: Path,
) -> None:
    ours, said = Caretaker(), tmp_path / "said"
    write = f"echo $0 >> {said}"
    ours.command("sh", "-c", write, "first")
    gone = ours.command("sh", "-c", write, "second")
    ours.command("sh", "-c", write, "third")
    gone()
    await asyncio.to_thread(ours.close)
    assert said.read_text().split() == ["third", "first"]
