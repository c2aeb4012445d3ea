"""Addresses of name servers."""

from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field

_DNS_PORT = 53


def check_nameserver(server: str) -> str:
    """`192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` or `[2001:db8::1]:53`, always with its port.

    Raises ValueError.
    """
    host, port = _host_and_port(server.strip())
    try:
        address = ip_address(host)
    except ValueError:
        raise ValueError(f"{server!r} is not an address like 192.0.2.1 or 192.0.2.1:53") from None
    if not (port.isascii() and port.isdecimal()) or not 0 < int(port) <= 65_535:
        raise ValueError(f"the port of {server!r} is not a number from 1 to 65535")
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def _host_and_port(server: str) -> tuple[str, str]:
    if server.startswith("["):
        host, _, port = server[1:].partition("]")
        return host, port.removeprefix(":") or str(_DNS_PORT)
    if server.count(":") == 1:
        host, _, port = server.partition(":")
        return host, port
    return server, str(_DNS_PORT)


Nameserver = Annotated[
    str,
    Field(max_length=64, examples=["192.0.2.53", "[2001:db8::53]:5353"]),
    AfterValidator(check_nameserver),
]
"""The address of a name server, with or without a port."""
