"""A stand-in for Twilio's REST API, as far as sending text messages goes."""

from __future__ import annotations

import base64
import datetime as dt
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from vedette.testing.web import serving

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_MESSAGES = "/2010-04-01/Accounts/{account}/Messages.json"
_CODES = {401: 20003, 404: 20404, 429: 20429, 500: 20500, 503: 20503}


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A message that was accepted."""

    sid: str
    to: str
    body: str
    sender: str
    service: str | None
    at: dt.datetime


class TwilioError(Exception):
    """An answer in the form of Twilio's errors."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> web.Response:
        """The answer."""
        body = {
            "code": self.code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        return web.json_response(body, status=self.status)


@dataclass
class Twilio:
    """What was sent (`messages`), and the status to fail with (`failing`; None: none)."""

    base_url: str = ""
    account_sid: str = field(default_factory=lambda: f"AC{secrets.token_hex(16)}")
    auth_token: str = field(default_factory=lambda: secrets.token_hex(16))
    messages: list[TextMessage] = field(default_factory=list)
    failing: int | None = None

    async def send(self, request: web.Request) -> web.Response:
        """Create a message."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        message = _message(form)
        self.messages.append(message)
        return web.json_response(self._shown(message, fresh=True), status=201)

    async def list_messages(self, request: web.Request) -> web.Response:
        """List messages, newest first, filtered as Twilio's own list is."""
        shown = [self._shown(m) for m in reversed(self.messages) if _matches(m, request.query)]
        page = {"messages": shown, "page": 0, "page_size": 50, "uri": str(request.rel_url)}
        return web.json_response({**page, "next_page_uri": None})

    @web.middleware
    async def guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Authentication, wanted failures, and errors in Twilio's form."""
        try:
            self._check(request)
            answer: web.StreamResponse = await handler(request)
        except TwilioError as error:
            return error.response()
        return answer

    def _check(self, request: web.Request) -> None:
        credentials = f"{self.account_sid}:{self.auth_token}".encode()
        expected = f"Basic {base64.b64encode(credentials).decode()}"
        if request.headers.get("Authorization") != expected:
            raise TwilioError(401, 20003, "Authenticate")
        if request.match_info.get("account") != self.account_sid:
            raise TwilioError(404, 20404, f"The requested resource {request.path} was not found")
        if self.failing is not None:
            raise TwilioError(self.failing, _CODES.get(self.failing, 20001), "Failing as told to")

    def _shown(self, message: TextMessage, *, fresh: bool = False) -> dict[str, Any]:
        """A message as the API shows it: without a sending date until it has been sent."""
        date = format_datetime(message.at)
        path = _MESSAGES.format(account=self.account_sid).removesuffix(".json")
        return {
            "sid": message.sid,
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "to": message.to,
            "from": message.sender or None,
            "messaging_service_sid": message.service,
            "body": message.body,
            "status": ("accepted" if message.service else "queued") if fresh else "delivered",
            "direction": "outbound-api",
            "num_segments": "1",
            "num_media": "0",
            "price": None,
            "price_unit": "USD",
            "error_code": None,
            "error_message": None,
            "date_created": date,
            "date_updated": date,
            "date_sent": None if fresh else date,
            "uri": f"{path}/{message.sid}.json",
        }


def _message(form: Mapping[str, str]) -> TextMessage:
    to, sender = form.get("To", ""), form.get("From", "")
    service, body = form.get("MessagingServiceSid"), form.get("Body", "")
    if not to:
        raise TwilioError(400, 21604, "A 'To' phone number is required.")
    if not _NUMBER.fullmatch(to):
        raise TwilioError(400, 21211, f"The 'To' number {to} is not a valid phone number.")
    if not sender and not service:
        raise TwilioError(400, 21603, "A 'From' phone number is required.")
    if not body:
        raise TwilioError(400, 21602, "Message body is required.")
    if len(body) > 1600:
        raise TwilioError(400, 21617, "The concatenated message body exceeds the 1600 limit.")
    sid = f"SM{secrets.token_hex(16)}"
    return TextMessage(sid, to, body, sender, service, dt.datetime.now(dt.UTC))


def _matches(message: TextMessage, query: Mapping[str, str]) -> bool:
    """`DateSent>=2026-01-31` arrives as the parameter `DateSent>`; dates are days in UTC."""
    day = message.at.date().isoformat()
    return (
        query.get("To", message.to) == message.to
        and query.get("From", message.sender) == message.sender
        and query.get("DateSent", day)[:10] == day
        and query.get("DateSent>", day)[:10] <= day
        and query.get("DateSent<", day)[:10] >= day
    )


@asynccontextmanager
async def running_twilio() -> AsyncIterator[Twilio]:
    """A Twilio that sends nothing."""
    twilio = Twilio()
    app = web.Application(middlewares=[twilio.guard])
    app.router.add_post(_MESSAGES, twilio.send)
    app.router.add_get(_MESSAGES, twilio.list_messages)
    async with serving(app) as twilio.base_url:
        yield twilio
