"""The status screen: one page, rendered here, that tells the truth at a glance."""

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

import structlog
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ConfigDict, Field

from vedette.core.errors import Transient
from vedette.core.state import State
from vedette.gateway.context import GATEWAY
from vedette.gateway.domain.overview import length_in_words, percent
from vedette.gateway.reading import Query, read_query
from vedette.gateway.screen import Screen, read_screen
from vedette.gateway.signin import workspace_of
from vedette.store.pool import connection

_WORDS = {
    State.UP: "Up",
    State.DEGRADED: "Degraded",
    State.DOWN: "Down",
    State.UNKNOWN: "Not seen",
    State.PENDING: "Waiting",
    State.PAUSED: "Paused",
}
_PLAIN_HOST = re.compile(r"[\w.:\[\]-]+", re.ASCII)
log = structlog.get_logger()


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["length"] = length_in_words
    environment.filters["percent"] = percent
    environment.filters["utc"] = lambda at: f"{at:%Y-%m-%d %H:%M:%S} UTC"
    environment.filters["word"] = _WORDS.__getitem__
    return environment


_TEMPLATES = _environment()


class ScreenQuery(Query):
    """Which part of the screen. A browser may have been told of more, which means nothing here."""

    model_config = ConfigDict(extra="ignore")

    page: int = Field(default=1, ge=1, le=1_000_000)


async def show_page(request: web.Request) -> web.Response:
    """The screen, or that it can't be had now. Raises Problem."""
    page = read_query(request, ScreenQuery).page
    now = datetime.now(UTC)
    screen = None
    try:
        workspace = await workspace_of(request)
        async with connection(request.app[GATEWAY].pool) as db:
            screen = await read_screen(db, workspace, now, page)
    except Transient as error:
        log.warning("the status screen has no data", error=str(error))
    return _render(request, screen, now)


def _render(request: web.Request, screen: Screen | None, now: datetime) -> web.Response:
    nonce = secrets.token_urlsafe(16)
    html = _TEMPLATES.get_template("page.html").render(
        screen=screen, now=now, nonce=nonce, address=_address(request)
    )
    headers = {
        "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
    }
    status = 503 if screen is None else 200
    response = web.Response(text=html, content_type="text/html", status=status, headers=headers)
    response.enable_compression()
    return response


def _address(request: web.Request) -> str:
    """Where the person who looks reaches us."""
    public = request.app[GATEWAY].settings.public_url
    if public is not None:
        return public.rstrip("/")
    host = request.host if _PLAIN_HOST.fullmatch(request.host) else "127.0.0.1:8080"
    return f"{request.scheme}://{host}"
