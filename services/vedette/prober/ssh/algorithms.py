"""KEXINIT: the algorithms that each side offers (RFC 4253, section 7.1)."""

import os
from dataclasses import dataclass

from vedette.prober.ssh.packets import KEXINIT, Reader, string

_COOKIE = 16
# Whether a guess follows, and a number reserved for what may come.
_AFTER_NAMES = 5


@dataclass(frozen=True, slots=True)
class Algorithms:
    """What a side offers, the preferred first. Where directions differ, it is from the server."""

    kex: tuple[str, ...]
    host_keys: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]
    compressions: tuple[str, ...]

    @classmethod
    def of(cls, payload: bytes) -> "Algorithms":
        """Those of a KEXINIT. Raises Malformed."""
        reader = Reader(payload[1 + _COOKIE :])
        kex, host_keys = reader.names(), reader.names()
        _, ciphers, _, macs, _, compressions = (reader.names() for _ in range(6))
        reader.names(), reader.names()  # languages
        reader.take(_AFTER_NAMES)
        return cls(kex, host_keys, ciphers, macs, compressions)

    def told(self) -> dict[str, list[str]]:
        """As JSON."""
        return {name: list(getattr(self, name)) for name in self.__slots__}


def kexinit(kex: str, host_keys: list[str], theirs: bytes) -> bytes:
    """Our KEXINIT: one way to exchange keys, and for all that comes later what they offer."""
    reader = Reader(theirs[1 + _COOKIE :])
    reader.names(), reader.names()
    later = b"".join(string(reader.string()) for _ in range(8))
    ours = string(kex.encode()) + string(",".join(host_keys).encode())
    return bytes([KEXINIT]) + os.urandom(_COOKIE) + ours + later + bytes(5)
