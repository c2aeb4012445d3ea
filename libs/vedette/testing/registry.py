"""Stand-ins of registries: an RDAP service with its list (RFC 9224), and WHOIS servers."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from vedette.testing.ports import free_port
from vedette.testing.streams import Listener
from vedette.testing.web import serving

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Speech = Callable[[StreamWriter], Awaitable[None]]


@dataclass
class Rdap:
    """What it answers, and what it was asked. What it does not know is 404."""

    suffixes: tuple[str, ...]
    url: str = ""
    domains: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """By name: RDAP's JSON (see `rdap_domain`)."""
    instead: Handler | None = None
    """Answers every question for a domain, if it is there."""
    services: Any = None
    """In place of the list of services, which names this one for its suffixes."""
    asked: list[str] = field(default_factory=list)
    listed: int = 0
    """How often it was asked for the list."""

    @property
    def bootstrap(self) -> str:
        """Where the list of services is."""
        return f"{self.url}/dns.json"

    async def _list(self, _: web.Request) -> web.Response:
        self.listed += 1
        services = [[list(self.suffixes), [f"{self.url}/rdap/"]]]
        return web.json_response({"version": "1.0", "services": self.services or services})

    async def _domain(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked.append(name)
        if self.instead is not None:
            return await self.instead(request)
        known = self.domains.get(name)
        body = {"errorCode": 404} if known is None else known
        return web.json_response(
            body, status=404 if known is None else 200, content_type="application/rdap+json"
        )


@asynccontextmanager
async def running_rdap(*suffixes: str) -> AsyncIterator[Rdap]:
    """An RDAP service for these suffixes, with a list that says so."""
    rdap = Rdap(suffixes)
    app = web.Application()
    app.router.add_get("/dns.json", rdap._list)
    app.router.add_get("/rdap/domain/{name}", rdap._domain)
    async with serving(app) as url:
        rdap.url = url
        yield rdap


def rdap_domain(name: str, expires: str | None = None, **more: Any) -> dict[str, Any]:
    """A domain as RDAP tells of it (RFC 9083, section 5.3)."""
    events = [{"eventAction": "registration", "eventDate": "2001-02-03T04:05:06Z"}]
    if expires is not None:
        events.append({"eventAction": "expiration", "eventDate": expires})
    card = ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Names & Sons"]]]
    return {
        "objectClassName": "domain",
        "ldhName": name.upper(),
        "status": ["active"],
        "events": events,
        "entities": [{"objectClassName": "entity", "roles": ["registrar"], "vcardArray": card}],
        "nameservers": [{"objectClassName": "nameserver", "ldhName": f"NS1.{name.upper()}"}],
        **more,
    }


@dataclass
class Whois:
    """What it answers to which line, and which it was asked. What it does not know is no match."""

    port: int
    answers: dict[str, str | bytes | Speech] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As referrals name it."""
        return f"127.0.0.1:{self.port}"

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one question."""
        line = (await reader.readline()).decode()
        assert line.endswith("\r\n"), line
        question = line.removesuffix("\r\n")
        self.asked.append(question)
        answer = self.answers.get(question, "No match for that.\r\n")
        if callable(answer):
            await answer(writer)
        else:
            writer.write(answer if isinstance(answer, bytes) else answer.encode())


@asynccontextmanager
async def running_whois() -> AsyncIterator[Whois]:
    """A WHOIS server."""
    whois = Whois(free_port())
    async with Listener(whois.converse, port=whois.port):
        yield whois
