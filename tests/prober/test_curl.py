"""The driver: handles, sockets and timers come and go."""

import asyncio
import gc
import os
import resource
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop
from tests.prober.support import OK, closed_port, hang, look, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.curl import CurlDriver
from vedette.prober.names import Resolver


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_cancelled_check_is_gone(context: Context) -> None:
    async with serving(hang) as server:
        check = asyncio.create_task(look(context, server.url))
        await server.arrived.wait()
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check
        await asyncio.wait_for(server.gone.wait(), 2)
    assert not context.curl.running()
    assert not context.curl._multi.sockets._watched  # type: ignore[attr-defined]


async def test_checks_leave_nothing_open(context: Context) -> None:
    async with serving(OK) as server:

        async def many(count: int) -> None:
            for _ in range(count):
                assert (await look(context, server.url)).trouble is None

        await many(5)
        gc.collect()
        before = open_files()
        await asyncio.gather(*[many(50) for _ in range(20)])
        while server.open_now:
            await asyncio.sleep(0.01)
        assert open_files() <= before + 1
    assert not context.curl.running()
    assert not context.curl._multi.sockets._watched  # type: ignore[attr-defined]
    assert sum(map(len, context.curl._idle.values())) <= 20


async def test_hung_targets_delay_nobody(context: Context) -> None:
    async with serving(hang) as hung, serving(OK) as well:
        stuck = [asyncio.create_task(look(context, hung.url)) for _ in range(200)]
        await hung.arrived.wait()
        began = time.perf_counter()
        await asyncio.gather(*[look(context, well.url) for _ in range(50)])
        assert time.perf_counter() - began < 1
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


async def test_connecting_to_a_full_server_times_out(context: Context) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        began = time.perf_counter()
        seen = await look(context, f"http://127.0.0.1:{full.getsockname()[1]}/", timeout_s=0.3)
        took = time.perf_counter() - began
        for filler in fillers:
            filler.close()
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_TIMEOUT
    assert list(seen.phases) == ["connect"]
    assert 0.3 <= took < 2


async def test_running_out_of_files_is_our_own_fault(context: Context) -> None:
    gc.collect()  # or a file of an earlier test, closed meanwhile, makes room
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        seen = await look(context, "http://127.0.0.1:1/")
    finally:
        for fd in taken:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR
    assert "Too many open files" in seen.trouble.message


async def test_closing_ends_what_runs() -> None:
    context = Context(CurlDriver(), Resolver(), "")
    async with serving(hang) as server:
        check = asyncio.create_task(look(context, server.url))
        await server.arrived.wait()
        context.curl.close()
        with pytest.raises(asyncio.CancelledError):
            await check
    await context.resolver.close()


def test_it_runs_on_uvloop() -> None:
    async def checks() -> None:
        context = Context(CurlDriver(), Resolver(), "")
        async with serving(OK) as well, serving(hang) as hung:
            await asyncio.gather(*[look(context, well.url) for _ in range(200)])
            good = await look(context, f"http://localhost:{well.port}/")
            slow = await look(context, hung.url, timeout_s=0.2)
            refused = await look(context, f"http://127.0.0.1:{closed_port()}/")
        assert good.trouble is None
        assert [seen.trouble and seen.trouble.reason for seen in (slow, refused)] == [
            Reason.TIMEOUT,
            Reason.CONNECT_REFUSED,
        ]
        context.curl.close()
        await context.resolver.close()

    uvloop.run(checks())
