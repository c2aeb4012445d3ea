"""Programs that are kept running, and what a prober among them is told."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError

from vedette.cli import children
from vedette.cli.children import Program, kept_running
from vedette.cli.probers import _inherited, _next, names
from vedette.cli.settings import UpSettings
from vedette.testing.waiting import eventually


def program(script: str, *words: object, drain_s: float = 20) -> Program:
    argv = (sys.executable, "-S", "-c", script, *map(str, words))
    return Program(name="it", argv=argv, environment=os.environ, drain_s=drain_s)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def unheard(_name: str) -> None:
    """Nobody wants to know of an end."""


RUN = """
import os, pathlib, signal, sys, time
{0}
with open(sys.argv[1], "a") as out:
    print(os.getpid(), file=out)
time.sleep(600)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "pids").touch()
    return tmp_path / "pids"


def pids(file: Path) -> list[int]:
    return [int(word) for word in file.read_text().split()]


async def test_all_have_ended_with_the_block(file: Path) -> None:
    async with kept_running([program(RUN.format(""), file)] * 2, unheard):
        await eventually(lambda: len(pids(file)) == 2)
    assert not any(map(alive, pids(file)))


async def test_one_that_is_killed_is_started_again_and_told_of(file: Path) -> None:
    ends: list[tuple[str, int]] = []

    async def ended(name: str) -> None:
        await asyncio.sleep(0)
        ends.append((name, len(pids(file))))

    with structlog.testing.capture_logs() as logs:
        async with kept_running([program(RUN.format(""), file)], ended):
            await eventually(lambda: pids(file))
            os.kill(pids(file)[0], 9)
            await eventually(lambda: len(pids(file)) == 2)
    assert ends == [("it", 1)], "before it is started again"
    (told,) = [log for log in logs if log["log_level"] == "error"]
    assert (told["name"], told["end"]) == ("it", "killed by SIGKILL")
    assert not any(map(alive, pids(file)))


async def test_one_that_ends_again_and_again_is_given_ever_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(children, "_FIRST_PAUSE_S", 0.01)
    with structlog.testing.capture_logs() as logs:
        async with kept_running([program("raise SystemExit(3)")], unheard):
            await eventually(lambda: len([log for log in logs if "end" in log]) >= 4, within=30)
    told = [log for log in logs if "end" in log]
    assert {log["end"] for log in told} == {"exit code 3"}
    assert [log["pause_s"] for log in told[:4]] == [0.01, 0.02, 0.04, 0.08]


async def test_one_that_cannot_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_FIRST_PAUSE_S", 0.01)
    nothing = Program(name="it", argv=("/no/such/program",), environment={}, drain_s=1)
    with structlog.testing.capture_logs() as logs:
        async with kept_running([nothing], unheard):
            await eventually(lambda: len(logs) >= 2)
    assert all("can't be started" in log["end"] for log in logs)


async def test_one_that_does_not_end_is_killed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_GRACE_S", 0.1)
    deaf = program(RUN.format("signal.signal(15, signal.SIG_IGN)"), file, drain_s=0)
    async with asyncio.timeout(20), kept_running([deaf], unheard):
        await eventually(lambda: pids(file))
    assert not any(map(alive, pids(file)))


def test_a_prober_is_told_what_is_a_probers_alone() -> None:
    environment = {
        "PATH": "/bin",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
        "VEDETTE_REGION": "here",
        "vedette_prober_concurrency": "7",
        "VEDETTE_API_KEY": "secret",
        "vedette_secret_key": "secret",
        "VEDETTE_DATABASE_URL": "postgresql://secret@db/",
        "VEDETTE_SMTP_PASSWORD": "secret",
        "VEDETTE_DATA_DIR": "/data",
    }
    assert _inherited(environment) == {
        "PATH": "/bin",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
        "VEDETTE_REGION": "here",
        "VEDETTE_PROBER_CONCURRENCY": "7",
    }


@pytest.mark.parametrize(
    ("address", "number", "next_one"),
    [
        ("127.0.0.1:0", 3, "127.0.0.1:0"),
        ("127.0.0.1:9100", 0, "127.0.0.1:9100"),
        ("[::1]:9100", 2, "[::1]:9102"),
        (":9100", 1, "0.0.0.0:9101"),
    ],
)
def test_each_prober_answers_at_an_address_of_its_own(
    address: str, number: int, next_one: str
) -> None:
    assert _next(address, number) == next_one


def test_probers_keep_their_names_over_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VEDETTE_PROBER_NAME", raising=False)
    assert names(UpSettings(), "up") == ["up"]
    assert names(UpSettings(up_probers=2), "up") == ["up-1", "up-2"]
    monkeypatch.setenv("VEDETTE_PROBER_NAME", "berlin")
    assert names(UpSettings(up_probers=1), "up") == ["berlin-1"]


def test_probers_of_its_own_are_refused_where_the_bus_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VEDETTE_AMQP_URL", "amqp://guest:guest@127.0.0.1/")
    assert UpSettings().up_probers == 0
    with pytest.raises(ValidationError, match="start `vedette run prober`"):
        UpSettings(up_probers=1)
