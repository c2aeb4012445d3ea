"""What name servers say now: c-ares without its cache.

c-ares keeps every answer for as long as its TTL lets it, so that a name that is broken by now would
seem well until then. It has an option against that, `qcache_max_ttl`, and pycares has no parameter
for it: the option is set on its way to c-ares.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import aiodns
import pycares

_OPT_QUERY_CACHE = 1 << 21
"""ARES_OPT_QUERY_CACHE in ares.h."""


class _Library:
    """c-ares as pycares calls it, with an option more where a channel is opened."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def ares_init_options(self, channel: Any, options: Any, mask: int) -> Any:
        options.qcache_max_ttl = 0
        return self._library.ares_init_options(channel, options, mask | _OPT_QUERY_CACHE)


def fresh_resolver(nameservers: Sequence[str] | None) -> aiodns.DNSResolver:
    """A resolver that asks anew each time; the system's name servers if none are given."""
    with _without_cache():
        return aiodns.DNSResolver(nameservers)


@contextmanager
def _without_cache() -> Iterator[None]:
    module: Any = pycares
    library = module._lib
    module._lib = _Library(library)
    try:
        yield
    finally:
        module._lib = library
