"""What a transfer over TLS lets us know of its handshakes: by the hook, or else in words."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import pycurl

from vedette.prober.curl import CurlDriver
from vedette.prober.http.handshakes import Handshakes
from vedette.prober.http.hook import Hook, hook
from vedette.prober.http.manner import Manner
from vedette.prober.http.remarks import Remarks
from vedette.prober.multi import Handle
from vedette.prober.streams.verified import Against

Field = tuple[bytes, bytes]
_PEM = b"Cert"


class Agreed(NamedTuple):
    """The outcome of a handshake."""

    version: str
    cipher: str
    chain: tuple[bytes, ...]
    """The certificates that were sent (DER), the own one first."""


class Overhearing(Protocol):
    """Listens to one transfer."""

    remarks: Remarks

    def begin(self, handle: Handle) -> None:
        """The handle is about to be used."""
        ...

    def end(self, handle: Handle) -> None:
        """The transfer is over, whatever came of it."""
        ...

    def agreed(self, handle: Handle) -> Agreed:
        """What was agreed on with the target; a proxy shook hands with us before."""
        ...


class ByHook:
    """Sees handshakes themselves."""

    def __init__(self, hook: Hook, handshakes: Handshakes, *, after: int) -> None:
        self.remarks = Remarks()
        self._hook = hook
        self._handshakes = handshakes
        self._after = after
        self._listening = 0

    def begin(self, handle: Handle) -> None:
        """As Overhearing says."""
        self._listening = self._hook.listen(handle, self._handshakes)

    def end(self, _handle: Handle) -> None:
        """As Overhearing says."""
        self._hook.leave(self._listening)

    def agreed(self, _handle: Handle) -> Agreed:
        """As Overhearing says."""
        with_target = self._handshakes.seen[self._after :]
        if not with_target:
            return Agreed("", "", ())
        last = with_target[-1]
        return Agreed(last.version, last.cipher, last.chain)


class InWords:
    """Reads what libcurl says."""

    def __init__(self, *, after: int) -> None:
        self.remarks = Remarks()
        self._after = after

    def begin(self, handle: Handle) -> None:
        """As Overhearing says."""
        handle.setopt(pycurl.OPT_CERTINFO, 1)
        handle.setopt(pycurl.VERBOSE, 1)
        handle.setopt(pycurl.DEBUGFUNCTION, self.remarks.hear)

    def end(self, handle: Handle) -> None:
        """As Overhearing says."""

    def agreed(self, handle: Handle) -> Agreed:
        """As Overhearing says."""
        said = self.remarks.agreed[self._after :]
        chain = tuple(_ders(handle.getinfo_raw(pycurl.INFO_CERTINFO)))
        return Agreed(*(said[-1] if said else ("", "")), chain)


def overhearing(manner: Manner, driver: CurlDriver, ca_file: str) -> Overhearing:
    """How to listen to a transfer of this manner."""
    after = 1 if manner.proxy is not None and manner.proxy.secure else 0
    found = hook()
    # Of QUIC, libcurl tells in words alone why it failed.
    if found is None or manner.quic:
        return InWords(after=after)
    against = None
    if manner.tls.verify and not after:
        against = Against(manner.tls.ca or ca_file, manner.tls.min_version)
    matters = manner.tls.verify or manner.proxy is not None
    return ByHook(found, Handshakes(driver.verified, against, matters=matters), after=after)


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
