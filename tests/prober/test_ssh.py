"""Kind ssh, against scripted servers; what it may say in its definition."""

from __future__ import annotations

import re
from asyncio import StreamReader, StreamWriter
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError
from tests.prober.support import closed_port, time_for
from tests.prober.talking import Talk, talking

from vedette.core.kinds import parse_monitor
from vedette.core.kinds.ssh import SshTarget
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.guard import Guard
from vedette.prober.probes.ssh import SshProbe
from vedette.prober.ssh.packets import KEX_ECDH_REPLY, KEXINIT, Reader, mpint, string

KEY = Ed25519PrivateKey.generate().public_key()
WRITTEN = KEY.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
RAW = KEY.public_bytes(Encoding.Raw, PublicFormat.Raw)
BLOB = string(b"ssh-ed25519") + string(RAW)
CURVE = X25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
LISTS = ["curve25519-sha256", "ssh-ed25519", "aes-a", "aes-b", "mac-a", "mac-b", "zip-a", "zip-b"]
HELLO = b"SSH-2.0-Test_1.0 a comment\r\n"


async def ssh(context: Context, port: int, *, timeout_s: float = 5, **target: Any) -> Seen:
    """Check a port of this machine by kind ssh."""
    definition = SshTarget.model_validate({"host": "127.0.0.1", "port": port, **target})
    return await SshProbe(definition).probe(context, timeout_s)


def packet(payload: bytes) -> bytes:
    """A packet with the least padding."""
    return (len(payload) + 5).to_bytes(4) + b"\4" + payload + bytes(4)


def algorithms(lists: list[str] = LISTS) -> bytes:
    """A KEXINIT."""
    names = b"".join(string(names.encode()) for names in [*lists, "", ""])
    return packet(bytes([KEXINIT]) + bytes(16) + names + bytes(5))


def server(*says: bytes, stay: bool = True) -> Talk:
    """Say something at once, the next things when our side has said something."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        for at, words in enumerate(says):
            if at:
                await reader.read(10_000)
            writer.write(words)
            await writer.drain()
        if stay:
            await reader.read(10_000)
            await reader.read()

    return talk


async def test_who_is_there_and_what_is_offered(context: Context) -> None:
    async with talking(server(b"hello\r\nSSHello\n" + HELLO + algorithms())) as port:
        seen = await ssh(context, port, banner="Test_[0-9]")
    assert seen.trouble is None, seen.trouble
    assert seen.facts == {
        "ip": "127.0.0.1",
        "banner": "SSH-2.0-Test_1.0 a comment",
        "kex": "curve25519-sha256",
        "host_keys": "ssh-ed25519",
        "ciphers": "aes-b",
        "macs": "mac-b",
        "compressions": "zip-b",
    }
    assert seen.subjects["json"]["software"] == "Test_1.0"
    assert seen.subjects["json"]["comment"] == "a comment"
    assert seen.subjects["json"]["ciphers"] == ["aes-b"]
    assert list(seen.phases) == ["connect", "first_byte", "transfer", "exchange"]
    assert seen.answer is not None
    assert seen.answer.text() == "SSH-2.0-Test_1.0 a comment"


@pytest.mark.parametrize(
    ("talk", "reason", "words"),
    [
        (server(b"SSH-1.5-old\n"), Reason.PROTOCOL_ERROR, "speaks version 1.5 of SSH, not 2.0"),
        (server(b"SSH-\n"), Reason.PROTOCOL_ERROR, "does not identify itself as SSH does: 'SSH-'"),
        (server(b"SSH-2.0-" + b"x" * 300 + b"\n"), Reason.PROTOCOL_ERROR, "does not identify"),
        (server(b"Exceeded\r\n", stay=False), Reason.PROTOCOL_ERROR, "last it said is 'Exceeded'"),
        (server(b"", stay=False), Reason.PROTOCOL_ERROR, "before it identified itself"),
        (server(b"x" * 70_000), Reason.PROTOCOL_ERROR, "a line of more than"),
        (server((b"x" * 998 + b"\r\n") * 1_100), Reason.PROTOCOL_ERROR, "more than 1048576 bytes"),
        (server(b"no end"), Reason.TIMEOUT, "identification"),
        (server(b""), Reason.TIMEOUT, "identification"),
        (server(b"SSH-2.0-other\r\n"), Reason.ANSWER, "without a match of '^SSH-2.0-Test'"),
        (server(HELLO), Reason.TIMEOUT, "algorithms (KEXINIT)"),
        (server(HELLO, b"", stay=False), Reason.PROTOCOL_ERROR, "closed the connection instead of"),
        (server(HELLO + b"HTTP/1.1 400 Bad\r\n"), Reason.PROTOCOL_ERROR, "'HTTP/' instead of a"),
        (server(HELLO + bytes(8)), Reason.PROTOCOL_ERROR, "instead of a packet"),
        (server(HELLO + packet(b"\x14" + bytes(16))), Reason.PROTOCOL_ERROR, "it is cut off"),
        (server(HELLO + algorithms(["\u00fc", *LISTS[1:]])), Reason.PROTOCOL_ERROR, "not ASCII"),
        (server(HELLO + packet(algorithms()[5:-10])), Reason.PROTOCOL_ERROR, "it is cut off"),
        (server(HELLO + packet(b"\x15")), Reason.PROTOCOL_ERROR, "message 21 instead of its alg"),
        (server(HELLO + packet(b"\x02x") * 200), Reason.PROTOCOL_ERROR, "sends all but its alg"),
        (
            server(HELLO + packet(b"\x01\0\0\0\x0c" + string(b"Too many") + string(b""))),
            Reason.STATUS,
            "disconnected: 'Too many'",
        ),
        (server(HELLO + packet(b"\x01")), Reason.STATUS, "does not say why"),
        (
            server(HELLO + algorithms()[:50], b"", stay=False),
            Reason.PROTOCOL_ERROR,
            "the middle of",
        ),
    ],
)
async def test_answers(context: Context, talk: Talk, reason: Reason, words: str) -> None:
    async with talking(talk) as port:
        seen = await ssh(context, port, banner="^SSH-2.0-Test|SSH-1|x", timeout_s=time_for(reason))
        if reason is Reason.ANSWER:
            seen = await ssh(context, port, banner="^SSH-2.0-Test")
    assert seen.trouble is not None
    assert (seen.trouble.reason, words in seen.trouble.message) == (reason, True), seen.trouble


def reply(key: bytes = BLOB, curve: bytes = CURVE, signature: bytes = b"") -> bytes:
    """A KEX_ECDH_REPLY."""
    return packet(bytes([KEX_ECDH_REPLY]) + string(key) + string(curve) + string(signature))


SIGNED = string(b"ssh-ed25519") + string(bytes(64))


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (reply(signature=SIGNED), Reason.CERTIFICATE, "a host key that it can't prove to have"),
        (reply(signature=SIGNED, curve=bytes(32)), Reason.PROTOCOL_ERROR, "half of the exchange"),
        (reply(signature=SIGNED, curve=b"x"), Reason.PROTOCOL_ERROR, "half of the exchange"),
        (reply(key=string(b"ssh-ed25519"), signature=SIGNED), Reason.PROTOCOL_ERROR, "not valid"),
        (reply(key=b"", signature=SIGNED), Reason.PROTOCOL_ERROR, "it is cut off"),
        (reply(), Reason.PROTOCOL_ERROR, "it is cut off"),
        (packet(b"\x1f"), Reason.PROTOCOL_ERROR, "shows its host key wrongly"),
        (b"", Reason.TIMEOUT, "host key"),
    ],
)
async def test_a_host_key_of_somebody_else(
    context: Context, answer: bytes, reason: Reason, words: str
) -> None:
    """Whoever knows the public key alone is found out."""
    async with talking(server(HELLO, algorithms(), answer)) as port:
        seen = await ssh(context, port, host_keys=[WRITTEN], timeout_s=time_for(reason))
    assert seen.trouble is not None
    assert (seen.trouble.reason, words in seen.trouble.message) == (reason, True), seen.trouble


async def test_what_can_not_be_agreed_on(context: Context) -> None:
    async with talking(server(HELLO, algorithms(["mlkem768", *LISTS[1:]]))) as port:
        unknown = await ssh(context, port, host_keys=[WRITTEN])
    async with talking(server(HELLO, algorithms([LISTS[0], "ssh-dss", *LISTS[2:]]))) as port:
        other = await ssh(context, port, host_keys=[WRITTEN])
    assert unknown.trouble is not None
    assert unknown.trouble.reason is Reason.INTERNAL_ERROR
    assert other.trouble is not None
    assert other.trouble.reason is Reason.CERTIFICATE
    assert "no host key that signs by ssh-ed25519; it has ssh-dss" in other.trouble.message


@pytest.mark.parametrize(
    ("number", "encoded"),
    [(0, b""), (1, b"\1"), (127, b"\x7f"), (128, b"\0\x80"), (0xFFFF, b"\0\xff\xff")],
)
def test_numbers_are_as_short_as_possible_and_never_negative(number: int, encoded: bytes) -> None:
    assert mpint(number) == string(encoded)
    assert Reader(mpint(number)).mpint() == number


async def test_what_forbids_and_fails_before(context: Context) -> None:
    guarded = replace(context, guard=Guard("loopback"))
    seen = [await ssh(guarded, closed_port()), await ssh(context, closed_port())]
    reasons = [one.trouble and one.trouble.reason for one in seen]
    assert reasons == [Reason.FORBIDDEN_TARGET, Reason.CONNECT_REFUSED]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"banner": ":["}, "regex"),
        ({"banner": ""}, "banner"),
        ({"host_keys": ["SHA256:abc"]}, "a host key is its type"),
        ({"host_keys": ["ssh-dss AAAA"]}, "a host key is its type"),
        ({"host_keys": ["ssh-ed25519 SHA256:abc="]}, "base64"),
        ({"host_keys": ["ssh-ed25519 SHA256:AAA"]}, "43 characters"),
        ({"host_keys": [WRITTEN.replace("ssh-ed25519", "ssh-rsa")]}, "no key of type ssh-rsa"),
        ({"host_keys": ["ssh-ed25519 ####"]}, "not valid base64"),
    ],
)
def test_refused_targets(target: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        SshTarget.model_validate({"host": "a.example", **target})
    assert re.search(re.escape(words), str(refusal.value)), refusal.value


def test_definitions_survive_the_way_to_a_prober() -> None:
    target = {"host": "::1", "banner": "OpenSSH", "host_keys": [WRITTEN]}
    spec = parse_monitor({"name": "a", "kind": "ssh", "target": target})
    assert SshTarget.model_validate(spec.probed(compact=True)["target"]) == spec.target
    assert spec.target.summary() == "SSH [::1]:22"
