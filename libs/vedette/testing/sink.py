"""A receiver of webhooks that keeps everything, and can be told to misbehave."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from vedette.testing.web import serving

# As the Standard Webhooks specification recommends to receivers.
TOLERANCE_S = 300


@dataclass(slots=True)
class Arrival:
    """One request as it came in; header names are lower-case."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    answered: int | None = None
    abandoned: bool = False

    @property
    def id(self) -> str | None:
        """The message's idempotency key."""
        return self.headers.get("webhook-id")

    @property
    def accepted(self) -> bool:
        """Whether the sender was told that the message arrived."""
        return self.answered is not None and 200 <= self.answered < 300

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    def verify(self, secret: str) -> None:
        """Check the Standard Webhooks signature; an AssertionError says what is wrong."""
        stamp, message = self.headers.get("webhook-timestamp", ""), self.id
        assert message, "no webhook-id"
        assert stamp.isdigit(), f"webhook-timestamp is not a time: {stamp!r}"
        assert abs(self.at - int(stamp)) <= TOLERANCE_S, f"webhook-timestamp is off: {stamp}"
        signed = f"{message}.{stamp}.".encode() + self.body
        expected = hmac.digest(_key(secret), signed, hashlib.sha256)
        offered = self.headers.get("webhook-signature", "").split()
        assert any(
            version == "v1" and hmac.compare_digest(_decoded(value), expected)
            for version, _, value in (entry.partition(",") for entry in offered)
        ), f"webhook-signature does not match: {offered}"


def _key(secret: str) -> bytes:
    prefix, _, encoded = secret.rpartition("_")
    assert prefix == "whsec", "the secret does not start with whsec_"
    return base64.b64decode(encoded, validate=True)


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        return b""


@dataclass
class Sink:
    """What arrived (`raw`), and how to answer: with `status`, after `delay` seconds.

    While it is to `hang` it answers nothing.
    """

    url: str = ""
    raw: list[Arrival] = field(default_factory=list)
    status: int = 200
    delay: float = 0
    _answering: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.hang = False

    @property
    def hang(self) -> bool:
        """Whether requests wait for their answer, until this is false again."""
        return not self._answering.is_set()

    @hang.setter
    def hang(self, hang: bool) -> None:
        if hang:
            self._answering.clear()
        else:
            self._answering.set()

    def visible(self) -> list[Arrival]:
        """What a receiver would act on: each message once, at its first accepted arrival."""
        seen: dict[object, Arrival] = {}
        for arrival in self.raw:
            if arrival.accepted:
                seen.setdefault(arrival.id or object(), arrival)
        return list(seen.values())

    async def receive(self, request: web.Request) -> web.Response:
        """Note a request and answer it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        arrival = Arrival(request.path_qs, headers, await request.read(), time.time())
        self.raw.append(arrival)
        try:
            await asyncio.sleep(self.delay)
            await self._answering.wait()
        except asyncio.CancelledError:  # the sender hung up, and learns nothing
            arrival.abandoned = True
            raise
        arrival.answered = self.status
        return web.Response(status=self.status)


@asynccontextmanager
async def running_sink() -> AsyncIterator[Sink]:
    """A webhook receiver that takes any method at any path."""
    sink = Sink()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", sink.receive)
    async with serving(app) as base:
        sink.url = f"{base}/hook"
        yield sink
