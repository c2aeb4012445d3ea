"""Name servers that answer anything at all, over every transport."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Any

import dns.message
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.prober.dns_servers import answering
from tests.prober.hostile import (
    MANNERS,
    SHORT_S,
    Manner,
    check,
    flooding,
    flooding_datagrams,
    for_ever,
    hostile,
    sayings,
    thorough,
)
from tests.prober.talking import Maker, presenting, talking

from vedette.core.outcome import Outcome, Reason
from vedette.prober.context import Context
from vedette.prober.dns.message import Malformed, decode
from vedette.prober.dns.seeing import facts_of, page_of, subjects_of

TYPES = sorted({int(type_) for type_ in dns.rdatatype.RdataType} | {99, 65_000})
_SERVER = presenting(Maker().make("hostile"))
ASKED = [
    {"type": "A"},
    {"type": "SOA", "serial": {"at_least": 1}},
    {"type": "TXT", "answers": {"regex": "x"}},
    {"type": "CAA", "validate_answer": {"fail_if_matches": ["x"]}},
    {"type": "ANY", "answers": {"contains": ["x"]}},
]
records = st.lists(
    st.tuples(
        st.sampled_from([b"\xc0\x0c", b"\0", b"\x01a\0", b"\xc0\xff", b"\x3f" + b"a" * 63 + b"\0"]),
        st.sampled_from(TYPES),
        st.sampled_from([1, 3, 254, 255, 4096]),
        st.binary(max_size=60) | st.sampled_from([b"\0\x0a\xc0\x0c", b"\xc0\x0c", b"\xff" * 64]),
    ),
    max_size=4,
)


def a_reply(query: bytes, said: list[tuple[bytes, int, int, bytes]], cut: int = 0) -> bytes:
    """An answer to a query with such records, without its last bytes."""
    end = len(dns.message.from_wire(query).question[0].name.to_wire() or b"") + 16
    wire = query[:2] + b"\x81\x80\0\x01" + struct.pack("!HHH", len(said), 0, 0) + query[12:end]
    for owner, type_, class_, data in said:
        wire += owner + struct.pack("!HHIH", type_, class_, 60, len(data)) + data
    return wire[: len(wire) - cut]


def target(port: int, transport: str, **more: Any) -> dict[str, Any]:
    """What is asked of a server on this machine."""
    tls = {"tls": {"verify": False}} if transport in {"tls", "https"} else {}
    return {
        "server": f"127.0.0.1:{port}",
        "name": "a.example",
        "transport": transport,
        **tls,
        **more,
    }


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@thorough
@given(
    said=records,
    cut=st.sampled_from([0, 0, 0, 1, 5, 11]),
    asked=st.sampled_from(ASKED),
    flags=st.integers(0, 255),
)
async def test_any_records(
    context: Context,
    transport: str,
    said: list[tuple[bytes, int, int, bytes]],
    cut: int,
    asked: dict[str, Any],
    flags: int,
) -> None:
    def script(query: dns.message.Message, _: str) -> list[bytes]:
        reply = bytearray(a_reply(query.to_wire(), said, cut))
        reply[3] = flags
        return [bytes(reply)]

    async with answering(script) as server:
        result = await check(context, "dns", target(server.port, transport, **asked))
    if said or not cut:  # else it lacks a part of the question
        assert result.reason is not Reason.DNS_TIMEOUT, "it was answered"


@thorough
@given(said=records, type_=st.sampled_from(["A", "SOA", "CAA", "TXT", "MX"]))
def test_what_can_be_decoded_can_be_shown(
    said: list[tuple[bytes, int, int, bytes]], type_: str
) -> None:
    query = dns.message.make_query("a.example", type_).to_wire()
    try:
        reply = decode(a_reply(query, said))
    except Malformed:
        return
    facts_of(reply)
    subjects_of(reply, reply.answer)
    page_of(reply)


@thorough
@given(wire=st.binary(max_size=200))
def test_noise_is_decoded_or_malformed(wire: bytes) -> None:
    with suppress(Malformed):
        decode(wire)


@pytest.mark.parametrize("transport", ["tcp", "tls", "https"])
@thorough
@given(
    said=sayings(b"\0\x0c" + bytes(12), b"\xff\xff", b"\0\0", b"HTTP/1.1 200 OK\r\n\r\n"),
    manner=st.sampled_from(MANNERS),
)
async def test_any_stream(
    context: Context, transport: str, said: list[bytes], manner: Manner
) -> None:
    inside = None if transport == "tcp" else _SERVER
    async with talking(hostile(said, manner), tls=inside) as port:
        result = await check(context, "dns", target(port, transport), timeout_s=0.3)
    assert result.outcome is Outcome.DOWN


@pytest.mark.parametrize("transport", ["tls", "https"])
@thorough
@given(said=sayings(b"\x16\x03\x03\0\x04", b"HTTP/1.1 200 OK\r\n"), manner=st.sampled_from(MANNERS))
async def test_no_tls_at_all(
    context: Context, transport: str, said: list[bytes], manner: Manner
) -> None:
    async with talking(hostile(said, manner)) as port:
        result = await check(context, "dns", target(port, transport), timeout_s=0.3)
    assert result.outcome is Outcome.DOWN


async def test_a_flood_of_datagrams_holds_up_nobody(context: Context) -> None:
    with flooding_datagrams(lambda _: b"\0" * 20) as port:
        result = await check(context, "dns", target(port, "udp"), timeout_s=0.5)
    assert result.reason is Reason.DNS_TIMEOUT
    assert "other datagrams came" in (result.message or "")


async def test_a_flood_of_malformed_answers_holds_up_nobody(context: Context) -> None:
    broken = [(b"\xc0\x0c", 1, 1, b"x")]
    with flooding_datagrams(lambda query: a_reply(query, broken)) as port:
        result = await check(context, "dns", target(port, "udp"), timeout_s=0.5)
    assert result.reason is Reason.PROTOCOL_ERROR


@pytest.mark.parametrize("words", [b"\xff\xff" + b"x" * 65_535, b"\0"])
async def test_a_flood_of_bytes_holds_up_nobody(context: Context, words: bytes) -> None:
    with flooding(for_ever(words)) as port:
        result = await check(context, "dns", target(port, "tcp"), timeout_s=SHORT_S)
    assert result.reason is Reason.PROTOCOL_ERROR
