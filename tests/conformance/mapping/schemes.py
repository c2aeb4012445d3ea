"""What the scheme of a URL says of the kind, where it is not HTTP's."""

from collections.abc import Mapping
from typing import Any

from tests.conformance.mapping.reading import NotExpressible

WEBSOCKET = frozenset({"ws", "wss"})
_STREAMS = frozenset({"tcp", "tls", "starttls", "ssh"})
_GRPC: Mapping[str, dict[str, Any]] = {"grpc": {}, "grpcs": {"enabled": True}}
_NOT_OFFERED = frozenset({"udp", "sctp"})
_OTHERS = frozenset({"icmp", "dns", *_STREAMS, *_GRPC})


def by_scheme(kind: str, probe: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind, and the probe with a target instead of a URL where others than HTTP have that.

    A URL is asked as its scheme says, whatever of it the case is about. Raises NotExpressible.
    """
    if "url" not in probe:
        return kind, dict(probe)
    scheme, _, rest = str(probe["url"]).partition("://")
    scheme = scheme.lower()
    if scheme in _NOT_OFFERED:
        raise NotExpressible(f"url {scheme}://")
    if scheme in WEBSOCKET:
        return "websocket", dict(probe)
    if scheme not in _OTHERS:
        return "http", dict(probe)
    found = {key: value for key, value in probe.items() if key != "url"} | {"target": rest}
    if scheme in _STREAMS:
        found["type"] = scheme
    if scheme in _GRPC:
        found["tls"] = _GRPC[scheme] | probe.get("tls", {})
        scheme = "grpc"
    return scheme, found
