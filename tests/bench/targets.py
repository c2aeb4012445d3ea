"""Targets that cost little, in a process of their own: a name server, and ports that say nothing.

    python -m tests.bench.targets

Prints their ports as one JSON object, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
from typing import Any

import uvloop

SILENT = tuple(f"127.0.0.{last}" for last in range(11, 21))
"""Hosts whose port takes connections, listens, and never says a word."""
_BACKLOG = 4096
# A, IN, 60 seconds, 192.0.2.1; its owner is the name at byte 12 of the message.
_RECORD = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + b"\xc0\x00\x02\x01"


class Names(asyncio.DatagramProtocol):
    """Answers every question with one address."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        question = data[12 : data.index(b"\0", 12) + 5]
        head = data[:2] + b"\x81\x80" + struct.pack("!HHHH", 1, 1, 0, 0)
        self._transport.sendto(head + question + _RECORD, addr)


class Silence(asyncio.Protocol):
    """Takes a connection and whatever is said, and does nothing."""


async def main() -> None:
    """Serve until there is no more input."""
    loop = asyncio.get_running_loop()
    names, _ = await loop.create_datagram_endpoint(Names, ("127.0.0.1", 0))
    first = await loop.create_server(Silence, SILENT[0], 0, backlog=_BACKLOG)
    port = first.sockets[0].getsockname()[1]
    others = [
        await loop.create_server(Silence, host, port, backlog=_BACKLOG) for host in SILENT[1:]
    ]
    served: socket.socket = names.get_extra_info("socket")
    print(json.dumps({"names": served.getsockname()[1], "silent": port}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    for server in [first, *others]:
        server.close()
    names.close()


if __name__ == "__main__":
    uvloop.run(main())
