"""Telling libcurl where to go: to addresses of ours, in their order, within their time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pycurl

from vedette.prober.http.gate import NOWHERE
from vedette.prober.http.origin import bracketed
from vedette.prober.http.sending import Sending
from vedette.prober.multi import Handle

# The addresses we hand over are those of this moment and no later one.
_ADDRESSES_KEPT_S = 1
_HAPPY_EYEBALLS_TIMEOUT_MS = 271  # pycurl has no name for it


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where to connect to; empty where the host itself is an address, or not ours to resolve."""

    target: Sequence[str] = ()
    proxy: Sequence[str] = ()

    @property
    def ipv4_first(self) -> bool:
        """Whether IPv4 comes first; libcurl would always begin with IPv6."""
        if len(self.target) < 2 or ":" in self.target[0]:
            return False
        return any(":" in address for address in self.target)

    def one_by_one(self) -> "list[Addresses]":
        """Each address apart: by a proxy, libcurl goes to the first alone."""
        if len(self.target) < 2:
            return [self]
        return [Addresses([address], self.proxy) for address in self.target]


AS_THE_URL_SAYS = Addresses()


def lead(handle: Handle, sending: Sending, addresses: Addresses, remaining_s: float) -> None:
    """Tell libcurl where to go, if that isn't what the URL says."""
    origin, manner = sending.request.origin, sending.manner
    proxy = manner.proxy
    known = []
    if addresses.target:
        known.append(_known(origin.host, origin.port, addresses, straight=proxy is None))
    if addresses.proxy and proxy is not None:
        known.append(_known(proxy.host, proxy.port, Addresses(addresses.proxy)))
    if known:
        handle.setopt(pycurl.RESOLVE, known)
        handle.setopt(pycurl.DNS_CACHE_TIMEOUT, _ADDRESSES_KEPT_S)
    if manner.protocol.startswith("prefer") and len(addresses.target) > 1:
        share_ms = math.ceil(remaining_s * 1000 / len(addresses.target))
        handle.setopt(_HAPPY_EYEBALLS_TIMEOUT_MS, max(1, share_ms))
    by_address = bool(addresses.target) and (
        origin.literal or (proxy is not None and proxy.by_address)
    )
    if by_address or manner.renames(sending.request):
        host = addresses.target[0] if by_address else origin.host
        handle.setopt(pycurl.CONNECT_TO, [f"::{bracketed(host)}:{origin.port}"])


def _known(host: str, port: int, addresses: Addresses, *, straight: bool = False) -> str:
    # libcurl takes an address of each family in turn, and IPv6 begins: with one that the gate
    # refuses, if it must not.
    detour = [NOWHERE] if straight and addresses.ipv4_first else []
    listed = [bracketed(address) for address in [*detour, *addresses.target]]
    return f"+{host}:{port}:" + ",".join(listed)
