"""A target behind NTLM: pyspnego's side of the server, over HTTP/1.1."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import spnego
from spnego.exceptions import SpnegoError

from vedette.testing.http1 import Request, head, read_request
from vedette.testing.ports import free_port
from vedette.testing.streams import Listener

_ACCOUNTS = "NTLM_USER_FILE"
_SCHEME = "NTLM "
Mode = Literal["up", "open", "garbage", "close"]


@dataclass
class NtlmTarget:
    """Answers 200 on a connection whose user it knows, and 401 else.

    `open` lets everybody in, `garbage` asks in a broken way, `close` asks and hangs up.
    """

    url: str
    mode: Mode = "up"
    headers: dict[str, str] = field(default_factory=dict)
    """Of the answers to who is known."""
    status: int = 200
    asking: bytes = b"who are you?"
    requests: list[tuple[int, Request]] = field(default_factory=list)
    """With the number of the connection that each came on."""
    connections: int = 0
    known: list[str] = field(default_factory=list)

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serve one connection."""
        number = self.connections
        self.connections += 1
        login = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
        while (request := await read_request(reader)) is not None:
            self.requests.append((number, request))
            asked = None if self.mode == "open" else self._judge(login, request)
            status, headers = (401, asked) if asked is not None else (self.status, self.headers)
            body = self.asking if asked is not None else b"ok"
            writer.write(head(status, headers, length=len(body)))
            writer.write(b"" if request.method == "HEAD" else body)
            await writer.drain()
            if self.mode == "close":
                return

    def _judge(self, login: spnego.ContextProxy, request: Request) -> Mapping[str, str] | None:
        """What to ask for; None if it is clear who it is."""
        if _is_over(login):
            return None
        given = request.headers.get("authorization", "")
        if not given.startswith(_SCHEME):
            return {"WWW-Authenticate": "NTLM"}
        try:
            asked = login.step(base64.b64decode(given.removeprefix(_SCHEME)))
        except SpnegoError:
            return {"WWW-Authenticate": "NTLM"}
        if _is_over(login):
            self.known.append(str(login.client_principal))
            return None
        token = b"nonsense" if self.mode == "garbage" else asked or b""
        return {"WWW-Authenticate": _SCHEME + base64.b64encode(token).decode()}


def _is_over(login: spnego.ContextProxy) -> bool:
    return login.complete


@asynccontextmanager
async def serving_ntlm(
    *accounts: str, tls: ssl.SSLContext | None = None
) -> AsyncIterator[NtlmTarget]:
    """A running target, for accounts like `DOMAIN:user:password` (the domain may be empty)."""
    port = free_port()
    target = NtlmTarget(f"{'http' if tls is None else 'https'}://127.0.0.1:{port}/")
    with _accounts(accounts):
        async with Listener(target.converse, port=port, tls=tls):
            yield target


@contextmanager
def _accounts(accounts: tuple[str, ...]) -> Iterator[None]:
    before = os.environ.get(_ACCOUNTS)
    with tempfile.TemporaryDirectory(prefix="vedette-ntlm-") as folder:
        file = Path(folder) / "accounts"
        file.write_text("".join(f"{account}\n" for account in accounts))
        os.environ[_ACCOUNTS] = str(file)
        try:
            yield
        finally:
            os.environ.pop(_ACCOUNTS)
            if before is not None:
                os.environ[_ACCOUNTS] = before
