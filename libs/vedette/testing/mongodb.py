"""A stand-in for MongoDB, which neither Debian nor PyPI packages.

It speaks its messages (OP_MSG, and the OP_QUERY of a first greeting), logs users in by
SCRAM-SHA-256 (RFC 7677), and knows a handful of commands.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
import ssl
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import bson
from pymongo.saslprep import saslprep

from vedette.testing.ports import free_port
from vedette.testing.streams import Listener

_HEADER = struct.Struct("<iiii")
_OP_REPLY, _OP_QUERY, _OP_MSG = 1, 2004, 2013
_ROUNDS = 4096
_OPEN_TO_ALL = frozenset({"hello", "ismaster", "isMaster", "saslStart", "saslContinue", "ping"})
Act = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
STANDALONE: Mapping[str, Any] = {"isWritablePrimary": True, "ismaster": True}


class Refusal(Exception):
    """A command that fails."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.reply = {"ok": 0.0, "errmsg": message, "code": code}


@dataclass
class Mongodb:
    """One server. Without users, nobody has to log in."""

    port: int
    users: Mapping[str, str] = field(default_factory=dict)
    hello: Mapping[str, Any] = field(default_factory=lambda: STANDALONE)
    collections: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Every command, in order."""

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serve a connection."""
        session = _Session(self)
        while True:
            size, request, _, kind = _HEADER.unpack(await reader.readexactly(_HEADER.size))
            body = await reader.readexactly(size - _HEADER.size)
            reply = bson.encode(await session.answer(_command_in(kind, body)))
            writer.write(_framed(kind, request, reply))
            await writer.drain()


class _Session:
    """One connection: who has logged in there."""

    def __init__(self, server: Mongodb) -> None:
        self._server = server
        self._logged_in = not server.users
        self._scram: _Scram | None = None

    async def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        self._server.asked.append(command)
        try:
            return {**await self._act(next(iter(command)), command), "ok": 1.0}
        except Refusal as refusal:
            return refusal.reply

    async def _act(self, name: str, command: dict[str, Any]) -> dict[str, Any]:
        if name not in _OPEN_TO_ALL and not self._logged_in:
            raise Refusal(13, f"Command {name} requires authentication")
        act: Act | None = getattr(self, f"_{name.lower()}", None)
        if act is None:
            raise Refusal(59, f"no such command: '{name}'")
        return await act(command)

    async def _hello(self, command: dict[str, Any]) -> dict[str, Any]:
        reply = {"maxWireVersion": 25, "minWireVersion": 0, "helloOk": True, **self._server.hello}
        if "saslSupportedMechs" in command:
            reply["saslSupportedMechs"] = ["SCRAM-SHA-256"]
        return reply

    _ismaster = _hello

    async def _ping(self, _: dict[str, Any]) -> dict[str, Any]:
        return {}

    async def _buildinfo(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"version": "8.0.4"}

    async def _count(self, command: dict[str, Any]) -> dict[str, Any]:
        return {"n": len(self._server.collections.get(command["count"], []))}

    async def _find(self, command: dict[str, Any]) -> dict[str, Any]:
        batch = self._server.collections.get(command["find"], [])
        name = f"{command['$db']}.{command['find']}"
        return {"cursor": {"firstBatch": batch, "id": bson.Int64(0), "ns": name}}

    async def _sleep(self, command: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(command["maxTimeMS"] / 1000)
        raise Refusal(50, "operation exceeded time limit")

    async def _saslstart(self, command: dict[str, Any]) -> dict[str, Any]:
        self._scram = _Scram(self._server.users)
        return {
            "conversationId": 1,
            "done": False,
            "payload": self._scram.first(command["payload"]),
        }

    async def _saslcontinue(self, command: dict[str, Any]) -> dict[str, Any]:
        if self._scram is None:
            raise Refusal(17, "No SASL session state found")
        last = self._scram.last(command["payload"])
        self._logged_in = True
        return {"conversationId": 1, "done": True, "payload": last}


class _Scram:
    """The server's side of SCRAM-SHA-256 (RFC 5802, section 3)."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self._salt = secrets.token_bytes(16)
        self._said = ""
        self._user = ""

    def first(self, payload: bytes) -> bytes:
        bare = payload.decode().removeprefix("n,,")
        user, _, nonce = bare.removeprefix("n=").partition(",r=")
        self._user = user.replace("=2C", ",").replace("=3D", "=")
        salt = base64.b64encode(self._salt).decode()
        answer = f"r={nonce}{secrets.token_hex(8)},s={salt},i={_ROUNDS}"
        self._said = f"{bare},{answer}"
        return answer.encode()

    def last(self, payload: bytes) -> bytes:
        without, _, proof = payload.decode().rpartition(",p=")
        message = f"{self._said},{without}".encode()
        password = saslprep(self._users.get(self._user, secrets.token_hex())).encode()
        salted = hashlib.pbkdf2_hmac("sha256", password, self._salt, _ROUNDS)
        client = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.sha256(client).digest(), message)
        expected = bytes(a ^ b for a, b in zip(client, signature, strict=True))
        if not hmac.compare_digest(base64.b64decode(proof), expected):
            raise Refusal(18, "Authentication failed.")
        return b"v=" + base64.b64encode(_hmac(_hmac(salted, b"Server Key"), message))


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _command_in(kind: int, body: bytes) -> dict[str, Any]:
    if kind == _OP_MSG:  # flags, then a section of kind 0: one document
        return bson.decode(body[5:])
    if kind == _OP_QUERY:  # flags, the collection's name, what to skip and how many to return
        return bson.decode(body[body.index(b"\0", 4) + 9 :])
    raise EOFError


def _framed(kind: int, request: int, reply: bytes) -> bytes:
    start = bytes(5) if kind == _OP_MSG else struct.pack("<iqii", 8, 0, 0, 1)
    size = _HEADER.size + len(start) + len(reply)
    answer = _OP_MSG if kind == _OP_MSG else _OP_REPLY
    return _HEADER.pack(size, 0, request, answer) + start + reply


@asynccontextmanager
async def running_mongodb(
    *,
    users: Mapping[str, str] | None = None,
    hello: Mapping[str, Any] = STANDALONE,
    collections: Mapping[str, Sequence[dict[str, Any]]] | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Mongodb]:
    """A server with these users (passwords by name) and collections (documents by name)."""
    kept = {name: list(documents) for name, documents in (collections or {}).items()}
    server = Mongodb(free_port(), users or {}, hello, kept)
    async with Listener(server.converse, port=server.port, tls=tls):
        yield server
