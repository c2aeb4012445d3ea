"""Chains of certificates that were found to be good, so that each isn't verified anew every time.

What OpenSSL says of a chain depends on its bytes, on what is trusted, and on the time. So a good
one is good for as long as all certificates of the path are valid; it is verified again after an
hour nevertheless. Bad ones are not remembered. Each handshake still proves that the other side has
the certificate's key, and names are compared each time.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import NamedTuple

from vedette.prober.streams.certificates import parsed

_MOST = 32_768
# Of all chains together: a target may send ever others, with whatever it likes behind its own.
_MOST_BYTES = 2**28
LONGEST = 65_536
"""Bytes of a chain that is remembered."""
_KEPT_S = 3600.0

Chain = tuple[bytes, ...]
"""Certificates as they are sent (DER), the own one first."""


class Against(NamedTuple):
    """What a chain was verified with."""

    trusted: Hashable
    """A file of authorities, or their text."""
    lowest: str
    """The lowest version of TLS: old ones come with weak signatures allowed."""


class _Good(NamedTuple):
    """When a chain is good (Unix, seconds)."""

    since: float
    until: float
    chain: Chain


class Verified:
    """Remembers good chains. Belongs to who remembers the authorities: a driver of libcurl.

    They are kept as they are: a digest of each, to find it by, costs more than all the rest.
    """

    def __init__(self) -> None:
        self._good: OrderedDict[tuple[Against, Chain], _Good] = OrderedDict()
        self._bytes = 0

    def kept(self, against: Against, chain: Chain, now: float) -> Chain | None:
        """A chain as it is kept, if it is known to be good at that time (Unix, seconds)."""
        good = self._good.get((against, chain))
        return good.chain if good is not None and good.since < now < good.until else None

    def note(self, against: Against, chain: Chain, path: Sequence[bytes], now: float) -> None:
        """A chain was found to be good just now, by this path, whose end is trusted."""
        certificates = [parsed(der) for der in path]
        read = [one for one in certificates if one is not None]
        if not read or len(read) < len(certificates) or _size(chain) > LONGEST:
            return
        since = max(one.not_before for one in read).timestamp()
        until = min(one.not_after for one in read).timestamp()
        kept = (*chain[:1], *map(_shared, chain[1:]))
        key = (against, kept)
        if self._good.pop(key, None) is None:
            self._bytes += _size(chain)
        self._good[key] = _Good(since, min(until, now + _KEPT_S), kept)
        while len(self._good) > _MOST or self._bytes > _MOST_BYTES:
            (_, oldest), _ = self._good.popitem(last=False)
            self._bytes -= _size(oldest)


def _size(chain: Chain) -> int:
    return sum(map(len, chain))


@lru_cache(maxsize=4096)
def _shared(issuer: bytes) -> bytes:
    """One and the same for all chains: authorities are few."""
    return issuer
