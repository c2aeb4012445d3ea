"""Ports that a test's server can leave and come back to."""

from __future__ import annotations

import random
import socket

# Below the usual ephemeral ranges: there, a client's outgoing connection may take the port
# while its server is down, or even connect to itself.
RANGE = range(20000, 32768)

_given: set[int] = set()


def free_port() -> int:
    """A TCP and UDP port on 127.0.0.1 that nobody uses, given out only once by this process."""
    for port in random.sample(RANGE, len(RANGE)):
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise RuntimeError(f"no free port in {RANGE.start}-{RANGE.stop}")


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
