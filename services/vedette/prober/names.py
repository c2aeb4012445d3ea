"""Host names to addresses, so that the time and the reason of a failure are our own to know."""

import asyncio
import errno
import socket
from collections.abc import Sequence
from typing import Any

import aiodns
from aiodns import error

from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble

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


class _TooLate(Exception):
    """The check's own time was over before the name servers answered."""


class Resolver:
    """Asks the name servers; /etc/hosts and `localhost` are honoured."""

    def __init__(self, nameservers: Sequence[str] | None = None) -> None:
        self._dns = aiodns.DNSResolver(nameservers)

    async def resolve(self, host: str, timeout_s: float) -> list[str] | Trouble:
        """The addresses of a host, best first, or why there are none."""
        asked = self._dns.getaddrinfo(host, type=socket.SOCK_STREAM)
        timer = asyncio.get_running_loop().call_later(timeout_s, _expire, asked)
        try:
            found = await asked
        except _TooLate:
            return Trouble(Reason.DNS_TIMEOUT, f"resolve {host}: no answer in time")
        except error.DNSError as failure:
            return _trouble(host, failure)
        finally:
            timer.cancel()
        return _with_route(list(dict.fromkeys(node.addr[0].decode() for node in found.nodes)))

    async def close(self) -> None:
        """Let go of the name servers."""
        await self._dns.close()


def _expire(asked: asyncio.Future[Any]) -> None:
    if not asked.done():
        asked.set_exception(_TooLate)


def _trouble(host: str, failure: error.DNSError) -> Trouble:
    code = failure.args[0]
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
