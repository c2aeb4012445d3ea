"""Hosts and ports, as the definitions of targets name them."""

from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

IpProtocol = Literal["any", "ip4", "ip6", "prefer_ip4", "prefer_ip6"]
"""Which addresses of a name are used: in the order in which they are reached best (`any`), of one
kind only, or of one kind first."""
_MOST_CHARACTERS = 253
_NOT_IN_NAMES = frozenset("/?#@[]:\\\"'<>|^`{}()*,;=!$&%+~")


def host_name(host: str) -> str:
    """Check a host name or address; brackets around an IPv6 address are taken off.

    Raises ValueError.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if version_of(bare) is not None:
        return bare
    if "://" in host:
        raise ValueError("a host is no URL: give only its name or address, and the port apart")
    name, colon, port = host.rpartition(":")
    if name and colon and port.isdecimal():
        raise ValueError(f"the port goes into `port`; did you mean host {name}, port {port}?")
    _check_labels(host)
    return host


def version_of(host: str) -> int | None:
    """4 or 6 for an address, None for a name."""
    try:
        return ip_address(host).version if "%" not in host else None
    except ValueError:
        return None


def peer_of(host: str, port: int) -> str:
    """Host and port, as people and messages name them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _check_labels(name: str) -> None:
    if any(c <= " " or c == "\x7f" or c in _NOT_IN_NAMES for c in name):
        raise ValueError(f"{name!r} is neither a host name nor an address")
    try:
        labels = name.removesuffix(".").encode("idna").split(b".")
    except UnicodeError as error:
        raise ValueError(f"{name!r} is no host name: {error.__cause__ or error}") from None
    if not all(labels) or sum(len(label) + 1 for label in labels) > _MOST_CHARACTERS + 1:
        raise ValueError(f"{name!r} is no host name")


Host = Annotated[
    str,
    Field(max_length=_MOST_CHARACTERS, examples=["mail.example.org", "192.0.2.1", "2001:db8::1"]),
    AfterValidator(host_name),
]
Port = Annotated[int, Field(ge=1, le=65_535)]
