"""What a user does over the API, and what reaches them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from tests.e2e.installation import KEY, Installation

from vedette.testing.sink import Sink
from vedette.testing.smtp import Mailbox
from vedette.testing.twilio import Twilio
from vedette.testing.waiting import eventually

SECRET = "whsec_" + "dGhlIHdlYmhvb2sgc2VjcmV0IG9mIHRoZSB0ZXN0cw=="
_numbers = itertools.count(1)


class Api:
    """The REST API."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """Call it; an AssertionError for an answer that is an error."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with self._http.request(
            method, f"{self._url}/api/v1{path}", json=body, headers=headers
        ) as response:
            text = await response.text()
            assert response.status < 400, f"{method} {path}: {response.status} {text}"
            return await response.json(content_type=None) if text else None

    async def items(self, path: str) -> list[Any]:
        """A listing."""
        found: list[Any] = (await self("GET", path))["items"]
        return found


@dataclass
class Told:
    """One user's channels: addresses of their own at servers that all tests share."""

    api: Api
    channels: list[str]
    address: str
    number: str
    mailbox: Mailbox
    twilio: Twilio
    sink: Sink

    def mails(self) -> list[str]:
        """The subjects of the mails a reader sees."""
        return [
            str(mail["Subject"]) for mail in self.mailbox.visible() if mail["To"] == self.address
        ]

    def texts(self) -> list[str]:
        """The text messages."""
        return [text.body for text in self.twilio.messages if text.to == self.number]

    def hooks(self) -> list[str]:
        """The types of the webhooks a receiver acts on; each is signed."""
        for arrival in self.sink.visible():
            arrival.verify(SECRET)
        return [arrival.json()["type"] for arrival in self.sink.visible()]

    def counts(self) -> tuple[int, int, int]:
        """How many of each."""
        return len(self.mails()), len(self.texts()), len(self.hooks())

    async def everything(self, count: int, *, within: float) -> None:
        """Wait until so many messages have come by each channel."""
        await eventually(
            lambda: self.counts() == (count, count, count),
            within=within,
            what=f"{count} messages by each channel",
        )


class Actor:
    """A user of one installation."""

    def __init__(
        self, installation: Installation, api: Api, mailbox: Mailbox, twilio: Twilio
    ) -> None:
        self.installation = installation
        self.api = api
        self.mailbox = mailbox
        self.twilio = twilio

    async def channels(self, sink: Sink) -> Told:
        """One channel of each kind."""
        number = next(_numbers)
        address, phone = f"ops{number}@example.org", f"+4915112345{number:03}"
        configs = {
            "email": {"to": [address]},
            "sms": {"to": [phone]},
            "webhook": {"url": sink.url, "secret": SECRET},
        }
        made = [
            await self.api("POST", "/channels", {"name": kind, "kind": kind, "config": config})
            for kind, config in configs.items()
        ]
        ids = [channel["id"] for channel in made]
        return Told(self.api, ids, address, phone, self.mailbox, self.twilio, sink)

    async def watch(
        self, url: str, *, channels: Sequence[str] = (), target: Any = None, **fields: Any
    ) -> str:
        """Add a monitor that is quick to notice; returns its id."""
        definition = {
            "name": f"Monitor {next(_numbers)}",
            "kind": "http",
            "target": {"url": url, **(target or {})},
            "interval_s": 5,
            "retry_interval_s": 1,
            "timeout_s": 2,
            "channels": list(channels),
            **fields,
        }
        made = await self.api("POST", "/monitors", definition)
        return str(made["id"])

    async def state(self, monitor: str) -> str:
        """What is said of it."""
        return str((await self.api("GET", f"/monitors/{monitor}"))["state"])

    async def becomes(self, monitor: str, state: str, *, within: float = 20) -> None:
        """Wait for a state."""

        async def there() -> bool:
            return await self.state(monitor) == state

        await eventually(there, within=within, every=0.1, what=f"{monitor} is {state}")

    async def incidents(self, monitor: str) -> list[Any]:
        """All its incidents, newest first."""
        return await self.api.items(f"/incidents?monitor={monitor}")

    async def checks(self, monitor: str) -> list[Any]:
        """All its checks, newest first."""
        return await self.api.items(f"/monitors/{monitor}/checks?limit=500")
