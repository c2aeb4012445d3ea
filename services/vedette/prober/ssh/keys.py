"""Asking a server for its host key, and comparing it with those that are expected."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence

from vedette.core.kinds.ssh import HostKey
from vedette.core.outcome import Reason
from vedette.prober.ssh import packets
from vedette.prober.ssh.algorithms import Algorithms, kexinit
from vedette.prober.ssh.identification import OURS
from vedette.prober.ssh.packets import Malformed, Reader, string
from vedette.prober.ssh.proof import METHODS, SIGNATURES, Said, Unproven, proven_key
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import Stream


class Shown:
    """A host key that a server has, for certain."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.type = Reader(key).string().decode(errors="replace")
        self._sha256 = hashlib.sha256(key).digest()

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen writes it."""
        return "SHA256:" + b64encode(self._sha256).decode().rstrip("=")

    def fits(self, expected: HostKey) -> bool:
        """Whether it is the one."""
        if expected.key is not None:
            return self._key == expected.key
        return self.type == expected.type and self._sha256 == expected.sha256


async def host_key_of(
    stream: Stream, line: bytes, theirs: bytes, expected: Sequence[HostKey]
) -> Shown:
    """The server's host key, of a type that is expected. Raises Stopped."""
    offered = Algorithms.of(theirs)
    name = next((name for name in METHODS if name in offered.kex), None)
    if name is None:
        listed = ", ".join(offered.kex)[:200]
        words = f"the prober knows none of the key exchanges that {stream.peer} offers: {listed}"
        raise Stopped(Reason.INTERNAL_ERROR, words)
    ways = _ways(offered, expected, stream.peer)
    ours = kexinit(name, ways, theirs)
    secret = METHODS[name].secret()
    await packets.send(stream, ours)
    await packets.send(stream, bytes([packets.KEX_ECDH_INIT]) + string(secret.public))
    reply = await packets.receive(stream, packets.KEX_ECDH_REPLY, "its host key")
    try:
        return Shown(proven_key(reply, Said(OURS, line, ours, theirs), METHODS[name], secret))
    except Unproven:
        words = f"{stream.peer} shows a host key that it can't prove to have"
        raise Stopped(Reason.CERTIFICATE, words) from None
    except Malformed as error:
        words = f"{stream.peer} shows its host key wrongly: {error}"
        raise Stopped(Reason.PROTOCOL_ERROR, words) from None


def _ways(offered: Algorithms, expected: Sequence[HostKey], peer: str) -> list[str]:
    """The ways of signing that both sides know, of the types of key that are expected."""
    types = dict.fromkeys(one.type for one in expected)
    known = [way for one in types for way in SIGNATURES.get(one, [one])]
    ways = [way for way in known if way in offered.host_keys]
    if not ways:
        words = f"{peer} has no host key that signs by {' or '.join(known)}"
        raise Stopped(Reason.CERTIFICATE, f"{words}; it has {', '.join(offered.host_keys)[:200]}")
    return ways
