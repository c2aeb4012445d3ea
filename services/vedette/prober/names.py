"""Host names to addresses, so that the time and the reason of a failure are our own to know."""

import asyncio
import errno
import socket
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from aiodns import error

from vedette.core.hosts import IpProtocol
from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble
from vedette.prober.fresh import fresh_resolver

_NO_ROUTE = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
)
# What name servers may say of a name. Whatever else happens is a fault of ours.
_REASONS = {
    error.ARES_ENOTFOUND: Reason.DNS_NXDOMAIN,
    error.ARES_ENODATA: Reason.DNS_NXDOMAIN,
    error.ARES_EBADNAME: Reason.DNS_NXDOMAIN,
    error.ARES_ESERVFAIL: Reason.DNS_SERVFAIL,
    error.ARES_EREFUSED: Reason.DNS_SERVFAIL,
    error.ARES_EFORMERR: Reason.DNS_SERVFAIL,
    error.ARES_ENOTIMP: Reason.DNS_SERVFAIL,
    error.ARES_EBADRESP: Reason.DNS_SERVFAIL,
    error.ARES_ETIMEOUT: Reason.DNS_TIMEOUT,
}
_WORDS = {
    error.ARES_ENOTFOUND: "there is no such name",
    error.ARES_ENODATA: "the name has no address",
    error.ARES_EBADNAME: "it is no valid host name",
    error.ARES_ESERVFAIL: "the name server answered SERVFAIL",
    error.ARES_EREFUSED: "the name server answered REFUSED",
    error.ARES_EFORMERR: "the name server answered FORMERR",
    error.ARES_ENOTIMP: "the name server answered NOTIMP",
    error.ARES_EBADRESP: "the name server's answer is malformed",
    error.ARES_ETIMEOUT: "the name servers did not answer",
    error.ARES_ECONNREFUSED: "the prober's name servers can't be reached",
}
_FAMILIES = {"ip4": socket.AF_INET, "ip6": socket.AF_INET6}
_PREFERRED = {"prefer_ip4": False, "prefer_ip6": True}
# Each has a thread of c-ares's; one that goes is made anew when it is needed.
_MOST_OTHERS = 64
# Of the global addresses, none that is anybody's: only the route to it is looked for.
_SOME_V6 = "2000::1"


class _TooLate(Exception):
    """The check's own time was over before the name servers answered."""


class Resolver:
    """Asks the name servers; /etc/hosts and `localhost` are honoured."""

    def __init__(self, nameservers: Sequence[str] | None = None) -> None:
        self.nameservers = tuple(nameservers or ())
        """Those it was told to ask, as `address:port`; none are the system's."""
        self._dns = fresh_resolver(nameservers)
        self._others: OrderedDict[str, Resolver] = OrderedDict()

    def at(self, nameserver: str | None) -> "Resolver":
        """The one that asks this name server (`address:port`) alone; None for this one itself."""
        if nameserver is None:
            return self
        other = self._others.get(nameserver)
        if other is None:
            other = self._others[nameserver] = Resolver([nameserver])
            if len(self._others) > _MOST_OTHERS:
                self._others.popitem(last=False)
        self._others.move_to_end(nameserver)
        return other

    async def resolve(
        self, host: str, timeout_s: float, protocol: IpProtocol = "any"
    ) -> list[str] | Trouble:
        """The addresses of a host, best first, or why there are none."""
        family = _FAMILIES.get(protocol, socket.AF_UNSPEC)
        asked = self._dns.getaddrinfo(host, family=family, type=socket.SOCK_STREAM)
        timer = asyncio.get_running_loop().call_later(timeout_s, _expire, asked)
        try:
            found = await asked
        except _TooLate:
            return Trouble(Reason.DNS_TIMEOUT, f"resolve {host}: no answer in time")
        except error.DNSError as failure:
            return _trouble(host, failure, protocol)
        finally:
            timer.cancel()
        addresses = list(dict.fromkeys(node.addr[0].decode() for node in found.nodes))
        if protocol in _PREFERRED:
            v6_first = _PREFERRED[protocol]
            addresses.sort(key=lambda address: (":" in address) is not v6_first)
        return _with_route(addresses)

    async def close(self) -> None:
        """Let go of the name servers."""
        for other in self._others.values():
            await other.close()
        self._others.clear()
        await self._dns.close()


def _expire(asked: asyncio.Future[Any]) -> None:
    if not asked.done():
        asked.set_exception(_TooLate)


def lacks_ipv6(addresses: Sequence[str]) -> bool:
    """Whether only IPv6 would reach these addresses, and this prober has none."""
    return all(":" in address for address in addresses) and not has_ipv6()


def has_ipv6() -> bool:
    """Whether this prober has a route to IPv6 addresses."""
    return _has_route(socket.AF_INET6, _SOME_V6)


def _trouble(host: str, failure: error.DNSError, protocol: IpProtocol) -> Trouble:
    code = failure.args[0]
    if protocol in _FAMILIES and code in {error.ARES_ENODATA, error.ARES_ENOTFOUND}:
        words = f"there is no IPv{protocol[2]} address of that name"
        return Trouble(Reason.DNS_NXDOMAIN, f"resolve {host}: {words}")
    reason = _REASONS.get(code, Reason.INTERNAL_ERROR)
    return Trouble(reason, f"resolve {host}: {_WORDS.get(code, failure.args[-1])}")


def _with_route(addresses: list[str]) -> list[str]:
    """Without the IPv6 or IPv4 addresses, if this prober can reach only the others.

    Else its lack of a route, seen last, could be taken for the target's trouble.
    """
    v6 = [address for address in addresses if ":" in address]
    v4 = [address for address in addresses if ":" not in address]
    if v6 and v4:
        if not _has_route(socket.AF_INET6, v6[0]):
            return v4
        if not _has_route(socket.AF_INET, v4[0]):
            return v6
    return addresses


def _has_route(family: socket.AddressFamily, address: str) -> bool:
    # Connecting a datagram socket sends nothing: the system only looks for a route.
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
    except OSError as failure:
        return failure.errno not in _NO_ROUTE
    return True
