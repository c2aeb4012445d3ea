"""Servers that mean harm, and what must hold of every check of one."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from tests.prober.support import a_batch, a_job

from vedette.core.outcome import Outcome
from vedette.core.result import Result
from vedette.prober.checks import Checker
from vedette.prober.context import Context
from vedette.prober.jobs import parse_batch
from vedette.prober.limits import Limits
from vedette.prober.metrics import CheckMetrics

Manner = Literal["close", "reset", "hang", "drip"]
# Those that take their time come last, and seldom.
MANNERS: tuple[Manner, ...] = ("close", "close", "close", "close", "reset", "reset", "drip", "hang")
SHORT_S = 0.1
MARGIN_S = 2.0
"""What a busy machine may add to a check's time; a hang would add for ever."""

thorough = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def sayings(*words: bytes) -> st.SearchStrategy[list[bytes]]:
    """What a server says: words of its protocol, whole, cut or between others, and noise."""
    whole = st.sampled_from(words)
    cut = st.builds(lambda word, at: word[: at % (len(word) + 1)], whole, st.integers(0, 99))
    noise = st.binary(max_size=60) | st.sampled_from([b"\0", b"\r\n", b"\xff" * 9, b" " * 500])
    return st.lists(st.one_of(whole, whole, cut, noise), max_size=6)


def hostile(said: Sequence[bytes], manner: Manner) -> Callable[..., Any]:
    """Says one thing after another, each after it was talked to, and then has an end of a kind."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        for number, words in enumerate(said):
            if number:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await reader.read(65_536)
            if manner == "drip":
                for byte in words[:40]:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0.002)
            else:
                writer.write(words)
                await writer.drain()
        if manner in {"hang", "drip"}:
            await reader.read()
            await asyncio.Event().wait()
        if manner == "reset":
            writer.transport.abort()

    return talk


async def check(
    context: Context, kind: str, target: dict[str, Any], *, timeout_s: float = SHORT_S
) -> Result:
    """One check, as the prober runs it, and what must hold of it whatever was said."""
    job = parse_batch(a_batch(a_job(kind=kind, target=target, revision=0, timeout_s=timeout_s)))[0]
    checker = Checker(context, Limits(total=10, per_host=10), CheckMetrics("hostile"))
    began = time.monotonic()
    result = await checker.check(job)
    assert time.monotonic() - began < timeout_s + MARGIN_S, result
    assert result.outcome in {Outcome.UP, Outcome.DOWN}, result.message
    assert (result.outcome is Outcome.DOWN) == bool(result.reason and result.message)
    assert Result.model_validate_json(result.model_dump_json()) == result
    return result


@contextmanager
def flooding(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server in a thread of its own, which can say more than the prober can hear."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                talking, _ = listener.accept()
                with talking:
                    talk(talking)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.close()
        thread.join(10)


@contextmanager
def flooding_datagrams(said: Callable[[bytes], bytes]) -> Iterator[int]:
    """A server that answers a datagram with the same one for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answering:
        answering.bind(("127.0.0.1", 0))
        over = threading.Event()

        def serve() -> None:
            with suppress(OSError):
                heard, asker = answering.recvfrom(65_536)
                words = said(heard)
                while not over.is_set():
                    with suppress(ConnectionRefusedError):
                        answering.sendto(words, asker)

        threads = [threading.Thread(target=serve, daemon=True)]
        for thread in threads:
            thread.start()
        yield answering.getsockname()[1]
        over.set()
        answering.sendto(b"over", answering.getsockname())
        for thread in threads:
            thread.join(10)


def for_ever(words: bytes) -> Callable[[socket.socket], None]:
    """Says the same for ever."""

    def talk(talking: socket.socket) -> None:
        many = words * max(1, 65_536 // len(words))
        while True:
            talking.sendall(many)

    return talk


def tickets(context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    """Goes over to TLS, and from then on sends nothing but session tickets."""
    context.num_tickets = 200_000

    def talk(talking: socket.socket) -> None:
        with context.wrap_socket(talking, server_side=True) as secured:
            secured.recv(1)

    return talk
