"""Handshakes as they are seen while they are made."""

import time
from collections.abc import Sequence

from vedette.prober.streams.verified import Against, Chain, Verified


class Handshake:
    """One handshake: version of TLS, cipher, and the chain that was sent (DER, the own one first).

    All are empty until the chain has come.
    """

    __slots__ = ("_against", "_verified", "chain", "cipher", "version")

    def __init__(self, verified: Verified, against: Against | None) -> None:
        self._verified = verified
        self._against = against
        self.version = ""
        self.cipher = ""
        self.chain: Chain = ()

    def known(self) -> bool:
        """Whether its chain is known to be good; it is then the one that is kept."""
        if self._against is None:
            return False
        kept = self._verified.kept(self._against, self.chain, time.time())
        if kept is not None:
            self.chain = kept
        return kept is not None

    def remember(self, path: Sequence[bytes]) -> None:
        """Its chain was found to be good, by this path (DER) from the own one to a trusted one."""
        if self._against is not None:
            self._verified.note(self._against, self.chain, path, time.time())


class Handshakes:
    """Those of one transfer, in the order they began: with a proxy first, then with the target."""

    __slots__ = ("_against", "_verified", "numbers", "seen")

    def __init__(self, verified: Verified, against: Against | None) -> None:
        """`against` is what chains are verified with; None if they aren't to be remembered."""
        self._verified = verified
        self._against = against
        self.numbers: list[int] = []
        self.seen: list[Handshake] = []

    def begin(self, number: int) -> Handshake:
        """The next one, which is given this number."""
        handshake = Handshake(self._verified, self._against)
        self.numbers.append(number)
        self.seen.append(handshake)
        return handshake
