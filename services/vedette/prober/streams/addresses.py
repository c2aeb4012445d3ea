"""The addresses to connect to, as a target restricts and orders them."""

import socket

from vedette.core.hosts import IpProtocol, version_of
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Trouble
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped


async def addresses_of(
    context: Context, course: Course, host: str, protocol: IpProtocol, nameserver: str | None
) -> list[str]:
    """The addresses of a host, the first to be tried first; a host may be one. Raises Stopped."""
    if version_of(host) is not None:
        return [host]
    if nameserver is not None:
        refusal = context.guard.check(_address_in(nameserver))
        if refusal is not None:
            raise Stopped(refusal.reason, refusal.message)
    course.enter("resolve", f"resolve {host}", Reason.DNS_TIMEOUT)
    resolver = context.resolver.at(nameserver)
    found = await resolver.resolve(host, course.remaining_s(), protocol)
    course.leave()
    if isinstance(found, Trouble):
        raise Stopped(found.reason, found.message)
    return found


def has_route(family: socket.AddressFamily, address: str) -> bool:
    """Whether this host knows a way to an address."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))  # sends nothing: the system only looks for a route
    except OSError:
        return False
    return True


def _address_in(nameserver: str) -> str:
    """The address in `192.0.2.53:53` or `[2001:db8::53]:53`."""
    return nameserver.rpartition(":")[0].strip("[]")
