"""Where a question goes: an address of a server, and the servers of the prober's own host."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

from vedette.core.kinds.dns import Server
from vedette.prober.streams.visit import Place

_DNS_PORT = 53
_CONFIGURATION = Path("/etc/resolv.conf")
_MOST = 3  # as many as the C library looks at


def place_of(server: Server, address: str) -> Place:
    """One address of a server; the server is still known by its name."""
    name = server.host.removesuffix(".")
    peer = f"[{name}]:{server.port}" if ":" in name else f"{name}:{server.port}"
    return Place(address, name, server.port, peer, "any", None)


def own_servers(told: Sequence[str]) -> tuple[Server, ...]:
    """The prober's own name servers: those it was told (`address:port`), else its host's."""
    split = (server.rpartition(":") for server in told)
    return tuple(Server(host.strip("[]"), int(port)) for host, _, port in split) or system_servers()


def system_servers(configuration: Path = _CONFIGURATION) -> tuple[Server, ...]:
    """The name servers of this host, read anew when they change (resolv.conf(5))."""
    try:
        return _servers(configuration, configuration.stat().st_mtime_ns)
    except OSError:
        return (Server("127.0.0.1", _DNS_PORT),)


@lru_cache(maxsize=4)
def _servers(configuration: Path, _changed_at: int) -> tuple[Server, ...]:
    fields = (line.split() for line in configuration.read_text(errors="replace").splitlines())
    named = [field[1] for field in fields if field[:1] == ["nameserver"] and len(field) > 1]
    found = [Server(host, _DNS_PORT) for host in named if _is_address(host)]
    return tuple(found[:_MOST]) or (Server("127.0.0.1", _DNS_PORT),)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
