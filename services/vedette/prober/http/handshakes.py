"""Handshakes as they are seen while they are made."""

import time
from collections.abc import Sequence

from vedette.prober.streams.verified import Against, Chain, Verified


class Handshake:
    """One handshake: version of TLS, cipher, and the chain that was sent (DER, the own one first).

    All are empty until the chain has come.
    """

    __slots__ = ("_against", "_matters", "_verified", "chain", "cipher", "version")

    def __init__(self, verified: Verified, against: Against | None, *, matters: bool) -> None:
        self._verified = verified
        self._against = against
        self._matters = matters
        self.version = ""
        self.cipher = ""
        self.chain: Chain = ()

    def verdict(self) -> bool | None:
        """Whether its chain is good, as far as that is clear without verifying it.

        One that is known to be good is then the one that is kept.
        """
        if not self._matters:
            return False  # nobody is trusted, and nobody asks
        if self._against is None:
            return None
        kept = self._verified.kept(self._against, self.chain, time.time())
        if kept is None:
            return None
        self.chain = kept
        return True

    def remember(self, path: Sequence[bytes]) -> None:
        """Its chain was found to be good, by this path (DER) from the own one to a trusted one."""
        if self._against is not None:
            self._verified.note(self._against, self.chain, path, time.time())


class Handshakes:
    """Those of one transfer, in the order they began: with a proxy first, then with the target."""

    __slots__ = ("_against", "_matters", "_verified", "numbers", "seen")

    def __init__(
        self, verified: Verified, against: Against | None, *, matters: bool = True
    ) -> None:
        """`against` is what chains are verified with; None if they aren't to be remembered.

        `matters` says whether a chain has to be good.
        """
        self._verified = verified
        self._against = against
        self._matters = matters
        self.numbers: list[int] = []
        self.seen: list[Handshake] = []

    def begin(self, number: int) -> Handshake:
        """The next one, which is given this number."""
        handshake = Handshake(self._verified, self._against, matters=self._matters)
        self.numbers.append(number)
        self.seen.append(handshake)
        return handshake
