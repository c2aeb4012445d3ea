"""What the tests of the kinds that log in to a database share."""

from __future__ import annotations

import asyncio
import functools
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.prober.talking import Issued, Maker, presenting, talking

from vedette.core.assertions import Assertions
from vedette.core.kinds import parse_monitor
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Expectation, Seen, Verdict, judge
from vedette.prober.probes import offer

PASSWORD = "s3cr3t, 'quoted' € word"


@functools.cache
def leaf() -> Issued:
    """The certificate of this machine's servers."""
    return Maker().make("here")


def pem() -> str:
    """Its key and itself."""
    return leaf().key_pem + leaf().pem


_NODES: TypeAdapter[list[Any]] = TypeAdapter(Assertions)


async def ask(
    context: Context, kind: str, port: int, *, timeout_s: float = 10, **target: Any
) -> Seen:
    """Check a server on this machine; nothing may go on after it."""
    before = going_on()
    try:
        return await ask_beside_others(context, kind, port, timeout_s=timeout_s, **target)
    finally:
        assert going_on() == before


async def ask_beside_others(
    context: Context, kind: str, port: int, *, timeout_s: float, **target: Any
) -> Seen:
    """Check a server on this machine, while other checks go on."""
    definition = {"host": "127.0.0.1", "port": port, **target}
    spec = parse_monitor({"name": "a database", "kind": kind, "target": definition})
    return await offer().makers[kind](spec.target).probe(context, timeout_s)


def going_on() -> set[asyncio.Task[Any]]:
    """The tasks of this loop, except those of the tests and their servers."""
    return {task for task in asyncio.all_tasks() if not _is_theirs(task)}


def _is_theirs(task: asyncio.Task[Any]) -> bool:
    coroutine: Any = task.get_coro()
    file = coroutine.cr_code.co_filename
    return "/test" in file or "/asyncio/" in file


def judged(seen: Seen, *assertions: Any) -> Verdict:
    """The verdict with assertions in short form, or as they are."""
    return judge(seen, Expectation.of(_NODES.validate_python(assertions)))


def why(seen: Seen) -> tuple[Reason | None, str]:
    """The reason and the message."""
    return (seen.trouble.reason, seen.trouble.message) if seen.trouble else (None, "")


wrong_certificates = pytest.mark.parametrize(
    ("tls", "reason"),
    [
        ({"ca": Maker().make("another").pem}, Reason.TLS_SELF_SIGNED),
        ({"ca": leaf().pem, "server_name": "elsewhere.example"}, Reason.TLS_HOSTNAME),
    ],
    ids=["that nobody trusts", "for another host"],
)


def refuses_login(seen: Seen, port: int, words: str) -> None:
    """The server answered so when it was to log somebody in."""
    reason, message = why(seen)
    assert reason is Reason.STATUS
    assert message.startswith(f"log in: 127.0.0.1:{port} answered: ")
    assert words in message
    assert PASSWORD not in message


def refuses_query(seen: Seen, words: str) -> None:
    """The server answered so to a query."""
    reason, message = why(seen)
    assert reason is Reason.STATUS
    assert message.startswith("query: ")
    assert words in message


def is_cut_off(seen: Seen) -> None:
    """Only the first of many rows were read."""
    assert why(seen) == (None, "")
    assert seen.facts["rows"] == 100
    assert seen.facts["more_rows"] is True


def is_too_large(seen: Seen) -> None:
    """A row was larger than what is read."""
    reason, message = why(seen)
    assert reason is Reason.PROTOCOL_ERROR
    assert "more than 1048576 bytes" in message


async def takes_too_long(context: Context, kind: str, port: int, **target: Any) -> None:
    """A query that runs for a minute ends with the check, after a second."""
    began = time.monotonic()
    seen = await ask(context, kind, port, timeout_s=1, **target)
    assert why(seen)[0] is Reason.TIMEOUT
    assert time.monotonic() - began < 5


@asynccontextmanager
async def within_tls(port: int) -> AsyncIterator[int]:
    """A port where PostgreSQL's agreement on TLS is answered, and the server is within."""

    async def converse(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"S")
        await writer.start_tls(presenting(leaf()))
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_pass_on(reader, ours), _pass_on(theirs, writer))
        finally:
            ours.transport.abort()

    async with talking(converse) as front:
        yield front


async def _pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.transport.abort()
