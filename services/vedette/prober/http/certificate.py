"""What a target has shown of itself in a handshake of libcurl's, as kinds tcp and tls tell it."""

from functools import lru_cache

from vedette.core.tls import TlsOptions
from vedette.prober.http.overhearing import Agreed
from vedette.prober.http.path import trusted_until
from vedette.prober.streams.certificates import parsed
from vedette.prober.streams.shown import Shown
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.trust import Trust, trust_of

_KEPT = 16_384  # targets, of 3 kB each beside the chain
LONGEST = 8192
"""Bytes of a chain that is kept with what it shows: longer ones are not the rule, and too much."""


def shown_in(agreed: Agreed, trust: Trust | None) -> Shown | None:
    """What was shown; None if nothing of it is legible. `trust` is what verified the chain."""
    if sum(map(len, agreed.chain)) > LONGEST:
        return _shown_in(agreed, trust)
    return _shown_before(agreed, trust)


@lru_cache(maxsize=_KEPT)
def _shown_before(agreed: Agreed, trust: Trust | None) -> Shown | None:
    """A target shows the same at each check, and to look at it anew takes 350 µs."""
    return _shown_in(agreed, trust)


def _shown_in(agreed: Agreed, trust: Trust | None) -> Shown | None:
    certificates = [found for found in map(parsed, agreed.chain) if found is not None]
    if not certificates:
        return None
    return Shown(
        chain=certificates,
        trusted_until=None if trust is None else trusted_until(agreed.chain, trust),
        version=agreed.version or None,
        cipher=agreed.cipher or None,
    )


def trust_in(options: TlsOptions, ca_file: str) -> Trust | None:
    """What these options trust; None if that can't be used, of which libcurl tells as well."""
    try:
        return trust_of(options, ca_file)
    except Stopped:
        return None
