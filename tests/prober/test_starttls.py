"""Going over to TLS in the words of a protocol, against scripted servers."""

import ssl
from asyncio import StreamReader, StreamWriter
from typing import Any

import pytest
from tests.prober.talking import Issued, Maker, Secured, Talk, presenting, saying, talking, tcp, tls

from vedette.core.outcome import Reason
from vedette.prober.context import Context

CERTIFICATE = Maker().make("here")
SECURE = presenting(CERTIFICATE)
TRUSTED = {"ca": CERTIFICATE.pem}
LDAP_SUCCESS = bytes.fromhex("300c020101 7807 0a0100 0400 0400".replace(" ", ""))
LDAP_UNAVAILABLE = bytes.fromhex("300c020101 7807 0a0134 0400 0400".replace(" ", ""))


def after(count: int, answer: bytes, *, first: bytes = b"") -> Talk:
    """Answer after so many bytes, then speak TLS."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(first)
        await reader.readexactly(count)
        writer.write(answer)
        await Secured(reader, writer, SECURE).shake_hands()
        await reader.read()

    return talk


def mysql_greeting(capabilities: int = 0xFFFF) -> bytes:
    payload = b"\x0a8.4.0\0" + bytes(4) + b"12345678\0" + capabilities.to_bytes(2, "little")
    return len(payload).to_bytes(3, "little") + b"\0" + payload + bytes(0)


def xmpp(features: str, answer: str) -> Talk:
    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"version='1.0'>")
        writer.write(f"<?xml version='1.0'?><stream:stream>{features}".encode())
        await reader.readuntil(b"xmpp-tls'/>")
        writer.write(answer.encode())
        await Secured(reader, writer, SECURE).shake_hands()
        await reader.read()

    return talk


FEATURES = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
PROCEED = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


@pytest.mark.parametrize(
    ("protocol", "server"),
    [
        (
            "smtp",
            saying("220-one\r\n220 two\r\n", "250-a\r\n250 STARTTLS\r\n", "220 go\r\n", SECURE),
        ),
        ("imap", saying("* OK ready\r\n", "* note\r\nv OK begin\r\n", SECURE)),
        ("pop3", saying("+OK ready\r\n", "+OK begin\r\n", SECURE)),
        ("ftp", saying("220-hello\r\n  there\r\n220 x\r\n", "234 go\r\n", SECURE)),
        ("ldap", after(31, LDAP_SUCCESS)),
        ("postgres", after(8, b"S")),
        ("mysql", after(36, b"", first=mysql_greeting())),
        ("xmpp", xmpp(FEATURES, PROCEED)),
        ("xmpp-server", xmpp(FEATURES, PROCEED.replace("/>", "></proceed>"))),
    ],
)
async def test_protocols(context: Context, protocol: str, server: Talk) -> None:
    async with talking(server) as port:
        seen = await tls(context, port, starttls=protocol, tls=TRUSTED)
    assert seen.trouble is None, seen.trouble
    assert list(seen.phases) == ["resolve", "connect", "starttls", "tls"]
    assert "certificate_expires_at" in seen.facts


@pytest.mark.parametrize(
    ("protocol", "server", "words"),
    [
        ("smtp", saying("554 go away\r\n"), "554 go away"),
        ("smtp", saying("220 hi\r\n", "250 hi\r\n", "502 what?\r\n"), "502 what?"),
        ("smtp", saying("220 hi\r\n", "250 hi\r\n", "220 go\r\n250 more\r\n"), "went on talking"),
        ("imap", saying("* OK\r\n", "v NO not here\r\n"), "v NO not here"),
        ("pop3", saying("+OK\r\n", "-ERR no\r\n"), "-ERR no"),
        ("ftp", saying("220 x\r\n", "530 log in\r\n"), "530 log in"),
        ("ldap", after(31, LDAP_UNAVAILABLE), "success"),
        ("ldap", after(31, b"HTTP/1.1 400 Bad Request\r\n"), "LDAP"),
        ("postgres", after(8, b"N"), "'N'"),
        ("mysql", after(0, b"", first=mysql_greeting(0)), "TLS on offer"),
        ("xmpp", saying("<stream:stream><stream:features/>"), "features"),
        ("xmpp", xmpp(FEATURES, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), "failure"),
    ],
)
async def test_refusals(context: Context, protocol: str, server: Talk, words: str) -> None:
    async with talking(server) as port:
        seen = await tls(context, port, starttls=protocol, tls=TRUSTED)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR, seen.trouble
    assert words in seen.trouble.message


@pytest.mark.parametrize(
    "protocol", ["smtp", "imap", "pop3", "ftp", "ldap", "postgres", "mysql", "xmpp", "xmpp-server"]
)
async def test_nobody_there(context: Context, protocol: str) -> None:
    async def leave(_reader: StreamReader, _writer: StreamWriter) -> None: ...

    async with talking(leave) as leaving, talking(b"") as silent:
        left = await tls(context, leaving, starttls=protocol)
        late = await tls(context, silent, starttls=protocol, timeout_s=0.1)
    assert left.trouble is not None
    assert left.trouble.reason in {Reason.PROTOCOL_ERROR, Reason.CONNECT_RESET}
    assert late.trouble is not None
    assert late.trouble.reason is Reason.TIMEOUT
    assert f"STARTTLS ({protocol})" in late.trouble.message


async def test_a_bad_certificate_behind_it(context: Context) -> None:
    server = saying("220 x\r\n", "250 x\r\n", "220 go\r\n", SECURE)
    async with talking(server) as port:
        seen = await tls(context, port, starttls="smtp")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_SELF_SIGNED
    assert "certificate_expires_at" in seen.facts


STEPS: list[dict[str, Any]] = [
    {"expect": "^220", "send": "EHLO x\r\n"},
    {"expect": "^250[ -]STARTTLS", "send": "STARTTLS\r\n"},
    {"expect": "^220", "starttls": True},
    {"send": "EHLO y\r\n"},
    {"expect": "^250 AUTH"},
]


def mail(certificate: Issued = CERTIFICATE) -> Talk:
    secure: ssl.SSLContext = presenting(certificate)
    return saying(
        "220 x\r\n", "250-a\r\n250 STARTTLS\r\n", "220 go\r\n", secure, b"", "250 AUTH\r\n"
    )


async def test_in_a_dialogue(context: Context) -> None:
    async with talking(mail()) as port:
        seen = await tcp(context, port, steps=STEPS, tls=TRUSTED)
    assert seen.trouble is None, seen.trouble
    assert list(seen.phases) == ["connect", "first_byte", "transfer", "tls"]
    assert seen.facts["tls_version"] == "TLSv1.3"


async def test_before_a_dialogue(context: Context) -> None:
    server = saying("220 x\r\n", "250 x\r\n", "220 go\r\n", SECURE, "", "250 AUTH\r\n")
    async with talking(server) as port:
        seen = await tcp(context, port, starttls="smtp", steps=STEPS[3:], tls=TRUSTED)
    assert seen.trouble is None, seen.trouble
    assert seen.subjects["body"] == "250 AUTH\r\n"
