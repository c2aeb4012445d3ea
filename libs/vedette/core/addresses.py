"""Addresses that a process must not reach, as its settings say.

What is judged is an address that is connected to, whatever name or redirect leads to it. An IPv6
address that carries an IPv4 one is judged as both, for a gateway may take it to the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NONE = "none"
"""The word for an open policy; an empty setting counts as one that is not given."""
_ALL = "all-internal"
_WORDS = {
    "loopback": ("127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"),
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    # Beside RFC 1918 and RFC 4193: shared and reserved space that some networks use inside.
    "private": (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
        *("192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4"),
        *("fc00::/7", "fec0::/10", "64:ff9b:1::/48"),
    ),
    # Where clouds tell their machines secrets: mostly link-local, but not all.
    "metadata": (
        *("169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32"),
        *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),
        *("fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128"),
    ),
    "multicast": ("224.0.0.0/4", "255.255.255.255/32", "ff00::/8"),
}
# IPv6 that ends in an IPv4 address: RFC 4291 (compatible), RFC 7915, RFC 6052, RFC 8215.
_ENDING_IN_V4 = tuple(
    map(IPv6Network, ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"))
)
_REMEMBERED = 8192


@dataclass(frozen=True, slots=True)
class Rule:
    """A network, and how the settings name it."""

    said: str
    network: Network


class AddressPolicy:
    """Which addresses are forbidden. Without forbidden networks it is open."""

    def __init__(self, forbidden: str = "", allowed: str = "") -> None:
        """Lists of networks and words, comma separated; what is allowed wins.

        Raises ValueError.
        """
        self._forbidden = rules(forbidden)
        self._allowed = rules(allowed)
        self._remembered = lru_cache(_REMEMBERED)(self._judge)

    @property
    def open(self) -> bool:
        """Whether every address may be reached."""
        return not self._forbidden

    def rule_against(self, ip: str) -> Rule | None:
        """The rule that forbids an address; None if none does. Raises ValueError for a name."""
        return None if self.open else self._remembered(ip)

    def _judge(self, ip: str) -> Rule | None:
        for face in _faces(ip_address(ip)):
            if _first(self._allowed, face) is None:
                rule = _first(self._forbidden, face)
                if rule is not None:
                    return rule
        return None


def rules(listed: str) -> tuple[Rule, ...]:
    """Parse `private,192.0.2.0/24`; empty and `none` are no rule. Raises ValueError."""
    entries = (entry.strip().lower() for entry in listed.split(","))
    return tuple(rule for entry in entries for rule in _rules(entry))


def _rules(entry: str) -> list[Rule]:
    if entry in {"", NONE}:
        return []
    if entry == _ALL:
        return [Rule(f"{_ALL} ({rule.said})", rule.network) for rule in rules(",".join(_WORDS))]
    try:
        return [Rule(entry, ip_network(network)) for network in _WORDS.get(entry, (entry,))]
    except ValueError as error:
        words = ", ".join([*_WORDS, _ALL, NONE])
        raise ValueError(
            f"{entry!r} is neither a network like 10.0.0.0/8 ({error}) nor one of {words}"
        ) from None


def _first(listed: tuple[Rule, ...], address: Address) -> Rule | None:
    return next((rule for rule in listed if address in rule.network), None)


def _faces(address: Address) -> Iterator[Address]:
    """The address, and those that connecting to it may reach."""
    yield address
    if isinstance(address, IPv4Address):
        if address.is_unspecified:  # to connect to it is to connect to this host
            yield IPv4Address("127.0.0.1")
        return
    if address.is_unspecified or address.is_loopback:
        yield IPv6Address("::1")
        return
    for inner in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())):
        if inner is not None:
            yield from _faces(inner)
    if any(address in network for network in _ENDING_IN_V4):
        yield from _faces(IPv4Address(int(address) & 0xFFFF_FFFF))
