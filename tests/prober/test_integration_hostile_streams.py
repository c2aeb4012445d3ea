"""Targets of the kinds tcp and tls that say anything at all."""

from __future__ import annotations

import tracemalloc
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.prober.hostile import (
    MANNERS,
    SHORT_S,
    Manner,
    check,
    flooding,
    for_ever,
    hostile,
    sayings,
    thorough,
    tickets,
)
from tests.prober.talking import Maker, presenting, talking

from vedette.core.endpoints import StartTls
from vedette.core.outcome import Outcome, Reason
from vedette.prober.context import Context
from vedette.prober.streams.stream import LIMIT

LDAP = bytes.fromhex("300c02010178070a010004000400")
MYSQL = b"\x4a\0\0\0\x0a5.7.0\0" + bytes(4) + b"saltsalt\0" + b"\xff\xff" + bytes(40)
WORDS = {
    "smtp": (b"220 hi\r\n", b"220-more\r\n", b"250-x\r\n250 ok\r\n", b"220 go\r\n", b"454 no\r\n"),
    "imap": (b"* OK hi\r\n", b"* CAPABILITY\r\n", b"v OK go\r\n", b"v NO\r\n"),
    "pop3": (b"+OK hi\r\n", b"+OK go\r\n", b"-ERR no\r\n"),
    "ftp": (b"220 hi\r\n", b"220-\r\n", b"234 go\r\n", b"500 no\r\n"),
    "ldap": (
        LDAP,
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80",
        b"\x30\xff" + b"\xff" * 127,
        b"\x30\0",
    ),
    "postgres": (b"S", b"N", b"E\0\0\0\x10boom\0"),
    "mysql": (MYSQL, b"\xff\xff\xff\0\x0a", b"\x01\0\0\0\x0a", b"\0\0\0\0"),
    "xmpp": (
        b"<stream:stream>",
        b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
        b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        b"<failure/>",
        b"</stream:stream>",
    ),
}
WORDS["xmpp-server"] = WORDS["xmpp"]
TLS = (
    b"\x16\x03\x01\0\x05hello",
    b"\x16\x03\x03\xff\xff",
    b"\x15\x03\x03\0\x02\x02\x28",
    b"\x15\x03\x03\0\x02\x01\0",
    b"\x14\x03\x03\0\x01\x01",
    b"\x17\x03\x03\0\0",
    b"HTTP/1.0 400 Bad Request\r\n\r\n",
)
STEPS: list[list[dict[str, Any]]] = [
    [{"expect": "^(?P<word>\\w+)", "send": "HELO ${word}", "labels": {"it": "${word}"}}],
    [{"expect": "ready$"}, {"read": "end"}],
    [{"expect_bytes": "SSH-2.0"}, {"send": "x", "read": "some"}],
    [{"expect": "x", "starttls": True}, {"send": "y"}, {"expect": "z"}],
]


def test_every_protocol_is_here() -> None:
    assert set(WORDS) == set(get_args(StartTls))


@pytest.mark.parametrize("protocol", WORDS)
@thorough
@given(data=st.data(), manner=st.sampled_from(MANNERS))
async def test_on_the_way_to_tls(
    context: Context, protocol: str, data: st.DataObject, manner: Manner
) -> None:
    said = data.draw(sayings(*WORDS[protocol], *WORDS[protocol], *TLS))
    async with talking(hostile(said, manner)) as port:
        target = {"host": "127.0.0.1", "port": port, "starttls": protocol}
        assert (await check(context, "tls", target)).outcome is Outcome.DOWN


@thorough
@given(said=sayings(*TLS), manner=st.sampled_from(MANNERS))
async def test_in_the_handshake(context: Context, said: list[bytes], manner: Manner) -> None:
    async with talking(hostile(said, manner)) as port:
        target = {"host": "127.0.0.1", "port": port}
        assert (await check(context, "tls", target)).outcome is Outcome.DOWN


@thorough
@given(
    said=sayings(b"ready\r\n", b"SSH-2.0-x\r\n", b"x\n", b"\xc3\x28 word\n", *TLS),
    steps=st.sampled_from(STEPS),
    manner=st.sampled_from(MANNERS),
)
async def test_in_a_dialogue(
    context: Context, said: list[bytes], steps: list[dict[str, Any]], manner: Manner
) -> None:
    async with talking(hostile(said, manner)) as port:
        target: dict[str, Any] = {"host": "127.0.0.1", "port": port, "steps": steps}
        if any("starttls" in step for step in steps):
            target["tls"] = {}
        await check(context, "tcp", target)


@thorough
@given(
    said=sayings(b"ready\r\n", b"x\n"),
    steps=st.sampled_from(STEPS[:3]),
    manner=st.sampled_from(MANNERS),
)
async def test_within_tls(
    context: Context, said: list[bytes], steps: list[dict[str, Any]], manner: Manner
) -> None:
    async with talking(hostile(said, manner), tls=_SERVER) as port:
        target = {"host": "127.0.0.1", "port": port, "steps": steps, "tls": {"verify": False}}
        await check(context, "tcp", target, timeout_s=0.4)


_SERVER = presenting(Maker().make("hostile"))
_READ = [{"read": "end"}]
_LINE = [{"expect": "never there"}]
_FLOODS: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "an endless answer": ("tcp", b"x" * 99, {"steps": _READ}),
    "an endless line": ("tcp", b"x" * 99, {"steps": _LINE}),
    "endless lines": ("tcp", b"x\n", {"steps": _LINE}),
    "endless replies": ("tls", b"220-x\r\n", {"starttls": "smtp"}),
    "endless untagged lines": ("tls", b"* OK\r\n", {"starttls": "imap"}),
    "an endless packet": ("tls", b"\xff\xff\xff\0\x0a", {"starttls": "mysql"}),
    "endless features": ("tls", b"<a ", {"starttls": "xmpp"}),
    "endless warnings": ("tls", b"\x15\x03\x03\0\x02\x01\x5a", {}),
    "an endless handshake": ("tls", b"\x16\x03\x03\0\x04\x02\xff\xff\xff", {}),
}


@pytest.mark.parametrize("flood", _FLOODS)
async def test_a_flood_is_not_kept(context: Context, flood: str) -> None:
    kind, words, more = _FLOODS[flood]
    with flooding(for_ever(words)) as port:
        tracemalloc.start()
        try:
            result = await check(
                context, kind, {"host": "127.0.0.1", "port": port, **more}, timeout_s=2
            )
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 16 * LIMIT, "what is kept of it is copied a few times"
    ends = {Reason.PROTOCOL_ERROR, Reason.TLS_HANDSHAKE, Reason.TIMEOUT}
    assert result.reason in ends or (flood == "an endless answer" and result.outcome is Outcome.UP)


@pytest.mark.parametrize("steps", [_READ, _LINE, [{"expect_bytes": "x"}]])
async def test_what_is_no_data_within_tls_holds_up_nobody(
    context: Context, steps: list[dict[str, Any]]
) -> None:
    server = presenting(Maker().make("hostile"))
    with flooding(tickets(server)) as port:
        target = {"host": "127.0.0.1", "port": port, "steps": steps, "tls": {"verify": False}}
        await check(context, "tcp", target, timeout_s=0.5)


@pytest.mark.parametrize(
    "words",
    [b"<proceed ", b"<a:proceed>", b"<failure", b"<proceed>" + b" " * 99, b"<proceed a='>' "],
)
async def test_a_hostile_answer_takes_no_time(context: Context, words: bytes) -> None:
    features = WORDS["xmpp"][1]
    said = [features, words * (60_000 // len(words))]
    async with talking(hostile(said, "hang")) as port:
        target = {"host": "127.0.0.1", "port": port, "starttls": "xmpp"}
        assert (await check(context, "tls", target, timeout_s=SHORT_S)).reason
