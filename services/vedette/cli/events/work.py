"""What the command does."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from vedette.bus.api import Binding, Exchange
from vedette.bus.routing import matches
from vedette.cli.events.since import instant
from vedette.cli.events.sources import from_database, from_stream
from vedette.cli.settings import UpSettings
from vedette.core.events import name_of

_COLOURS = {"down": "red", "up": "green", "degraded": "yellow", "unknown": "magenta"}


async def tail(since: str | None, types: Sequence[str], *, follow: bool, json: bool) -> None:
    """Print events as they are read."""
    begin = None if since is None else instant(since, datetime.now(UTC))
    wanted = [Binding(Exchange.EVENTS, pattern) for pattern in types]
    console = Console()
    async with aclosing(_source(begin, follow=follow)) as bodies:
        async for body in bodies:
            event = orjson.loads(body)
            published = Binding(Exchange.EVENTS, name_of(event["type"]))
            if begin is not None and datetime.fromisoformat(event["time"]) < begin:
                continue
            if any(matches(pattern, published) for pattern in wanted):
                typer.echo(body) if json else _tell(console, event, published.key)


def _source(begin: datetime | None, *, follow: bool) -> AsyncGenerator[bytes]:
    url = UpSettings().amqp_url
    if url is None:
        return from_database(begin, follow=follow)
    return from_stream(url.get_secret_value(), begin, follow=follow)


def _tell(console: Console, event: dict[str, Any], name: str) -> None:
    words = " ".join(filter(None, (_about(event), _news(event["data"]))))
    console.print(f"[dim]{event['time']}[/]  {name:<24}  {words}", highlight=False, soft_wrap=True)


def _about(event: dict[str, Any]) -> str:
    """What it is about, by its name where it has one."""
    data = event["data"]
    for thing in ("monitor", "maintenance"):
        if thing in data:
            return escape(str(data[thing]["name"]))
    return escape(str(event["subject"]))


def _news(data: dict[str, Any]) -> str:
    state = data.get("state")
    cause = data.get("cause") or data.get("incident", {}).get("cause") or {}
    colour = _COLOURS.get(str(state), "default")
    change = f"{data.get('previous')} → [{colour}]{state}[/]" if state else ""
    why = data.get("error") or cause.get("message") or ""
    return " ".join(filter(None, (change, escape(str(why)))))
