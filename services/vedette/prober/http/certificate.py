"""What a target has shown of itself in a handshake of libcurl's, as kinds tcp and tls tell it."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from functools import lru_cache

from vedette.core.tls import TlsOptions
from vedette.prober.http.path import trusted_until
from vedette.prober.streams.certificates import parsed
from vedette.prober.streams.shown import Shown
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.trust import Trust, trust_of

Field = tuple[bytes, bytes]
_PEM = b"Cert"


def shown_in(
    chain: Sequence[Sequence[Field]], agreed: tuple[str, str], trust: Trust | None
) -> Shown | None:
    """The chain as libcurl tells it; None if nothing of it is legible.

    `agreed` is the version of TLS and the cipher, `trust` what the chain was verified with.
    """
    ders = tuple(_ders(chain))
    certificates = [found for found in map(parsed, ders) if found is not None]
    if not certificates:
        return None
    version, cipher = agreed
    return Shown(
        chain=certificates,
        trusted_until=None if trust is None else trusted_until(ders, trust),
        version=version or None,
        cipher=cipher or None,
    )


def trust_in(options: TlsOptions, ca_file: str) -> Trust | None:
    """What these options trust; None if that can't be used, of which libcurl tells as well."""
    try:
        return trust_of(options, ca_file)
    except Stopped:
        return None


def _ders(chain: Sequence[Sequence[Field]]) -> Iterator[bytes]:
    for fields in chain:
        der = _decoded(next((value for name, value in fields if name == _PEM), b""))
        if der:
            yield der


@lru_cache(maxsize=4096)
def _decoded(pem: bytes) -> bytes:
    lines = [line for line in pem.splitlines() if not line.startswith(b"-----")]
    try:
        return base64.b64decode(b"".join(lines), validate=True)
    except binascii.Error:
        return b""
