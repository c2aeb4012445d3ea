"""Chains of certificates that were found to be good, so that each isn't verified anew every time.

What OpenSSL says of a chain depends on its bytes, on what is trusted, and on the time. So a good
one is good for as long as all certificates of the path are valid; it is verified again after an
hour nevertheless. Bad ones are not remembered. Each handshake still proves that the other side has
the certificate's key, and names are compared each time.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from hashlib import sha256
from typing import NamedTuple

from vedette.prober.streams.certificates import parsed

_MOST = 32_768
_KEPT_S = 3600.0


class Against(NamedTuple):
    """What a chain was verified with."""

    trusted: Hashable
    """A file of authorities, or their text."""
    lowest: str
    """The lowest version of TLS: old ones come with weak signatures allowed."""


class Verified:
    """Remembers good chains. Belongs to who remembers the authorities: a driver of libcurl."""

    def __init__(self) -> None:
        self._good: OrderedDict[tuple[Against, bytes], tuple[float, float]] = OrderedDict()

    def holds(self, against: Against, chain: Sequence[bytes], now: float) -> bool:
        """Whether a chain (DER) is known to be good at that time (Unix, seconds)."""
        since, until = self._good.get((against, _digest(chain)), (now, now))
        return since < now < until

    def note(
        self, against: Against, chain: Sequence[bytes], path: Sequence[bytes], now: float
    ) -> None:
        """A chain was found to be good just now, by this path, whose end is trusted."""
        certificates = [parsed(der) for der in path]
        read = [one for one in certificates if one is not None]
        if not read or len(read) < len(certificates):
            return
        since = max(one.not_before for one in read).timestamp()
        until = min(one.not_after for one in read).timestamp()
        key = (against, _digest(chain))
        self._good[key] = since, min(until, now + _KEPT_S)
        self._good.move_to_end(key)
        if len(self._good) > _MOST:
            self._good.popitem(last=False)


def _digest(chain: Sequence[bytes]) -> bytes:
    return sha256(b"".join(chain)).digest()  # a certificate tells where it ends
