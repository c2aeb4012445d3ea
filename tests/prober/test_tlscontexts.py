"""Transfers that speak TLS alike share a context, and nothing of what is one's own."""

import asyncio
import ctypes
import socket
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pycurl
import pytest
from cryptography.hazmat.primitives import hashes
from tests.prober.support import OK, look, serving
from tests.prober.talking import Maker, presenting

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.imports import slots
from vedette.prober.tlscontexts import Contexts, contexts

MAKER = Maker()
ROOT = MAKER.make("root", ca=True, days=300)
LEAF = MAKER.make("a", by=ROOT)
CLIENT = MAKER.make("client", by=ROOT)
PAIR = {"client_certificate": CLIENT.pem, "client_key": CLIENT.key_pem}


@pytest.fixture
def here(context: Context, tmp_path: Path) -> Context:
    """A prober that trusts the authority of these tests."""
    (tmp_path / "ca.pem").write_text(ROOT.pem)
    return replace(context, ca_file=str(tmp_path / "ca.pem"))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The contexts that OpenSSL has made."""
    found: list[int] = []
    real = giver()._make

    def make(method: int) -> int:
        found.append(real(method))
        return found[-1]

    monkeypatch.setattr(giver(), "_make", make)
    return found


def giver() -> Contexts:
    found = contexts()
    assert found is not None, "this libcurl makes each context anew"
    return found


async def see(context: Context, port: int, **tls: Any) -> Seen:
    return await look(context, f"https://localhost:{port}/", tls=tls)


async def reason(context: Context, port: int, **tls: Any) -> Reason | None:
    seen = await see(context, port, **tls)
    return None if seen.trouble is None else seen.trouble.reason


async def test_one_is_enough_for_all_that_are_alike(here: Context, made: list[int]) -> None:
    again = MAKER.make("b", by=ROOT)
    async with serving(OK, tls=presenting(LEAF)) as one, serving(OK, tls=presenting(again)) as two:
        ports = [one.port, two.port] * 10
        found = [*await asyncio.gather(*[see(here, port) for port in ports])]
    assert [seen.trouble for seen in found] == [None] * 20
    told = [seen.facts["certificate_fingerprint"] for seen in found]
    own = [leaf.certificate.fingerprint(hashes.SHA256()).hex() for leaf in (LEAF, again)]
    assert told == own * 10
    assert len(made) == 1


async def test_other_options_have_a_context_of_their_own(here: Context, made: list[int]) -> None:
    older = presenting(LEAF, maximum_version=ssl.TLSVersion.TLSv1_2)
    async with serving(OK, tls=older) as server:
        for _ in range(2):
            assert await reason(here, server.port) is None
            assert await reason(here, server.port, min_version="1.3") is Reason.TLS_HANDSHAKE
            assert await reason(here, server.port, verify=False) is None
    assert len(made) == 3


async def test_verification_is_not_left_off_for_others(here: Context) -> None:
    bad = MAKER.make("bad")
    async with serving(OK, tls=presenting(bad)) as server:
        for _ in range(3):
            assert await reason(here, server.port, verify=False) is None
            assert await reason(here, server.port) is Reason.TLS_SELF_SIGNED


async def test_what_is_secret_is_in_none_that_is_shared(here: Context, made: list[int]) -> None:
    asking = presenting(LEAF, verify_mode=ssl.CERT_REQUIRED)
    asking.load_verify_locations(cadata=ROOT.pem)
    async with serving(OK, tls=asking) as server:
        for _ in range(2):
            assert await reason(here, server.port, **PAIR) is None
            assert await reason(here, server.port) is not None
    assert len(made) == 3  # one shared, and one for each with a certificate


async def test_authorities_of_ones_own_are_trusted_by_no_other(here: Context) -> None:
    other = MAKER.make("other root", ca=True, days=300)
    async with serving(OK, tls=presenting(MAKER.make("c", by=other))) as server:
        for _ in range(3):
            assert await reason(here, server.port, ca=other.pem) is None
            assert await reason(here, server.port) is Reason.TLS_UNTRUSTED


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK)
    writer.close()


async def test_one_under_way_trusts_whom_it_trusted(here: Context) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:  # and not yet accepting
        check = asyncio.create_task(reason(here, listening.getsockname()[1]))
        async with asyncio.timeout(5):
            while not any(shared._kept.context for shared in here.curl._alike.values()):
                await asyncio.sleep(0.01)
        (shared,) = here.curl._alike.values()
        # As when libcurl asks for a context and can't read its authorities then.
        giver()._trust(shared._kept.context, giver()._store())
        async with await asyncio.start_server(talk, sock=listening, ssl=presenting(LEAF)):
            assert await check is None


async def test_no_context_is_left_of_a_driver(here: Context) -> None:
    async with serving(OK, tls=presenting(LEAF)) as server:
        assert await reason(here, server.port) is None
    (shared,) = here.curl._alike.values()
    assert shared._kept.context
    here.curl.close()
    assert not shared._kept.context


def test_a_library_that_calls_no_such_function_has_no_slot() -> None:
    library = ctypes.CDLL(pycurl._pycurl.__file__)
    assert slots(library, "curl_easy_init", "SSL_CTX_get0_privatekey") == []
