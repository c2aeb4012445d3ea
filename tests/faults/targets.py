"""All targets in one process of their own: an HTTP server whose paths are up or broken by script.

    python -m tests.faults.targets HOST PORT

Each line of its standard input is a script, as the arguments of `truth.script` in JSON; until the
first comes, all are up. Says that it listens, and ends with its standard input. Nothing else runs
in it, so what it answers late, the machine delays.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
import time
from typing import Any

import uvloop
from tests.faults.truth import UP, Pace, Script, script

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"
_BROKEN = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_GARBAGE = b"\x00\xff\x13SSH-2.0-not-http\r\n\r\n"
_ABORT_ON_CLOSE = struct.pack("ii", 1, 0)
_BACKLOG = 4096


class Stage:
    """The script that is played."""

    script = Script({})

    def play(self, line: str) -> None:
        """Another script, from a line of input."""
        asked = json.loads(line)
        self.script = script(**asked | {"pace": Pace(**asked["pace"])})


class Conversation(asyncio.Protocol):
    """One request at `/<number of the target>`, answered as the script has it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        """Somebody asks."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole."""
        self._received += data
        if b"\r\n\r\n" in self._received:
            target = int(self._received.split(b" ", 2)[1].strip(b"/"))
            self._answer(self._stage.script.mode(target, time.time_ns() // 1_000_000))

    def _answer(self, mode: str) -> None:
        if mode == "hang":
            return
        if mode == "reset":
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_ON_CLOSE)
            self._transport.abort()
            return
        self._transport.write({UP: _OK, "status": _BROKEN, "garbage": _GARBAGE}[mode])
        self._transport.close()


async def main(host: str, port: int) -> None:
    """Serve until there is no more input."""
    loop = asyncio.get_running_loop()
    stage = Stage()
    server = await loop.create_server(lambda: Conversation(stage), host, port, backlog=_BACKLOG)
    print("listening", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        stage.play(line)
    server.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
