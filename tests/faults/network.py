"""A network of their own for the probers of one region, with an uplink that can be cut.

Their way to the broker is another one and stays: so they can tell what they see.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from vedette.testing.caretaker import caretaker
from vedette.testing.needs import require
from vedette.testing.streams import Listener

_THERE = 2
_HERE = 1


@dataclass(frozen=True)
class Network:
    """A namespace, reached over two pairs of interfaces."""

    name: str
    outside: str
    """Our address on the uplink: where its targets are."""
    control: str
    """Our address on the way that stays."""

    @property
    def around(self) -> Sequence[str]:
        """What a command begins with to run in it."""
        return [shutil.which("nsenter") or "nsenter", f"--net=/run/netns/{self.name}"]

    def cut(self) -> None:
        """Nothing gets out, and nothing says so."""
        _ip("-n", self.name, "link", "set", f"u-{self.name}", "down")

    def mend(self) -> None:
        """The uplink is there again."""
        _ip("-n", self.name, "link", "set", f"u-{self.name}", "up")


def obstacle() -> str | None:
    """Why there can't be one here."""
    return None if os.geteuid() == 0 else "needs root, for a network namespace"


@asynccontextmanager
async def running_network() -> AsyncIterator[Network]:
    """A namespace, gone at the end."""
    token, number = secrets.token_hex(3), secrets.randbelow(200)
    network = Network(f"vf{token}", f"198.18.{number}.{_HERE}", f"198.19.{number}.{_HERE}")
    _ip("netns", "add", network.name)
    gone = caretaker().command(str(require("ip")), "netns", "del", network.name)
    try:
        _ip("-n", network.name, "link", "set", "lo", "up")
        for letter, address in (("u", network.outside), ("c", network.control)):
            _pair(network.name, letter, address)
        yield network
    finally:
        _ip("netns", "del", network.name)
        gone()


def _pair(name: str, letter: str, address: str) -> None:
    here, there = f"{letter}h{name}", f"{letter}-{name}"
    _ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
    _ip("addr", "add", f"{address}/30", "dev", here)
    _ip("link", "set", here, "up")
    peer = address.rpartition(".")[0] + f".{_THERE}"
    _ip("-n", name, "addr", "add", f"{peer}/30", "dev", there)
    _ip("-n", name, "link", "set", there, "up")


@asynccontextmanager
async def forwarding(host: str, port: int) -> AsyncIterator[None]:
    """Connections to this address and port go to the same port of 127.0.0.1."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))

    async with Listener(forward, port=port, host=host):
        yield


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()


def _ip(*words: str) -> None:
    done = subprocess.run([require("ip"), *words], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
