"""A workspace with channels, and notifiers that can be started, broken and stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from tests.notifier import given

from vedette.bus.api import Message
from vedette.core.events import Event
from vedette.notifier.attempt import Attempts
from vedette.notifier.channel import Channel
from vedette.notifier.dispatch import Dispatcher
from vedette.notifier.handlers import consumer
from vedette.notifier.service import opened_channels
from vedette.notifier.settings import NotifierSettings
from vedette.notifier.storm import CALM, Storm
from vedette.runtime.background import background
from vedette.store.pool import Pool
from vedette.store.secretbox import SecretBox
from vedette.testing.smtp import Mailbox
from vedette.testing.twilio import Twilio
from vedette.testing.waiting import eventually

KEY = "a key for tests"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Row = asyncpg.Record


@dataclass
class World:
    """What a test sees of the notifier: events in, rows and messages out."""

    pool: Pool
    dsn: str
    workspace: UUID = field(default_factory=uuid4)
    key: str = KEY
    storm: Storm = CALM

    async def prepare(self) -> None:
        """Make the workspace."""
        await self.pool.execute(
            "insert into workspace (id, name) values ($1, 'test')", self.workspace
        )

    async def channel(self, kind: str, *, key: str = KEY, **config: Any) -> UUID:
        """A channel of the workspace."""
        channel = uuid4()
        await self.pool.execute(
            "insert into channel (id, workspace_id, name, kind, sealed_config)"
            " values ($1, $2, 'On call', $3, $4)",
            channel,
            self.workspace,
            kind,
            SecretBox(key).seal(config),
        )
        return channel

    async def email(self, *to: str, key: str = KEY) -> UUID:
        """A mail channel."""
        return await self.channel("email", to=list(to), key=key)

    async def sms(self, *to: str) -> UUID:
        """A channel for text messages."""
        return await self.channel("sms", to=list(to))

    async def webhook(self, url: str) -> UUID:
        """A webhook."""
        return await self.channel("webhook", url=url, secret=SECRET)

    async def delete_channel(self, channel: UUID) -> None:
        """As the gateway does."""
        await self.pool.execute("update channel set deleted_at = now() where id = $1", channel)

    async def receive(self, *events: Event) -> None:
        """Handle events, in order."""
        handle = consumer(self.pool, SecretBox(self.key), self.storm)
        for event in events:
            body = event.model_dump_json(exclude_none=True).encode()
            await handle(Message(event.name, body))

    def opened(self, *channels: UUID, **changes: Any) -> Event:
        """A new incident's opening."""
        incident = given.an_incident(channels=list(channels), **changes)
        return given.opened(incident, workspace=self.workspace)

    def resolved(self, opening: Event, **changes: Any) -> Event:
        """The end of an opened incident."""
        incident = given.an_incident(**{**opening.data["incident"], **changes})
        return given.resolved(incident, workspace=self.workspace)

    def reminded(self, opening: Event, number: int = 1) -> Event:
        """A reminder of an opened incident."""
        incident = given.an_incident(**opening.data["incident"])
        return given.reminded(incident, number, workspace=self.workspace)

    async def rows(self, where: str = "true") -> list[Row]:
        """Deliveries, oldest first."""
        return await self.pool.fetch(
            f"select * from delivery where {where} order by created_at, transition, recipient"
        )

    async def row(self, where: str = "true") -> Row:
        """The one delivery there is."""
        [row] = await self.rows(where)
        return row

    async def hurry(self) -> None:
        """Let everything that waits for its time come due, leases included."""
        while True:
            # A notifier that runs locks deliveries in an order of its own.
            with suppress(asyncpg.DeadlockDetectedError):
                await self.pool.execute(
                    "update delivery set next_attempt_at = now() where status = 'pending'"
                )
                break
        await self.pool.execute("notify vedette_delivery")

    async def has_status(self, status: str, count: int, *, within: float = 10) -> list[Row]:
        """Wait until that many deliveries have it."""

        async def there() -> list[Row]:
            rows = await self.rows(f"status = '{status}'")
            return rows if len(rows) == count else []

        return await eventually(there, within=within, what=f"{count} deliveries {status}")

    async def has_error(self, text: str) -> Row:
        """Wait until a pending delivery shows an error."""

        async def there() -> list[Row]:
            rows = await self.rows("status = 'pending' and error is not null")
            return [row for row in rows if text in row["error"]]

        rows = await eventually(there, what=f"a delivery that waits because of {text!r}")
        return rows[0]

    async def published(self, name: str) -> list[Event]:
        """Events of a name in the outbox."""
        rows = await self.pool.fetch(
            "select body from outbox where routing_key = $1 order by id", name
        )
        return [Event.model_validate_json(row["body"]) for row in rows]

    @asynccontextmanager
    async def notifier(
        self,
        *,
        name: str = "notifier-1",
        lease_s: float = 30,
        key: str = KEY,
        break_in: Callable[[dict[str, Channel]], None] | None = None,
        **settings: Any,
    ) -> AsyncIterator[Dispatcher]:
        """A running dispatcher; `break_in` may change its channels first."""
        configured = NotifierSettings(**{"send_timeout_s": 5, **settings})
        async with opened_channels(configured) as channels:
            if break_in is not None:
                break_in(channels)
            attempts = Attempts(
                pool=self.pool,
                box=SecretBox(key),
                channels=channels,
                instance=name,
                send_timeout_s=configured.send_timeout_s,
                give_up_after_s=configured.give_up_after_h * 3600,
            )
            dispatcher = Dispatcher(self.pool, attempts.make, instance=name, lease_s=lease_s)
            async with background("dispatcher", dispatcher.run):
                yield dispatcher
            await dispatcher.drain(5)


def by_mail(mailbox: Mailbox, **changes: Any) -> dict[str, Any]:
    """Settings for a mail server."""
    return {
        "smtp_host": mailbox.host,
        "smtp_port": mailbox.port,
        "smtp_tls": "none",
        "smtp_from": "Vedette <watch@vedette.example>",
        **changes,
    }


def by_twilio(twilio: Twilio, **changes: Any) -> dict[str, Any]:
    """Settings for a Twilio."""
    return {
        "twilio_url": twilio.base_url,
        "twilio_account_sid": twilio.account_sid,
        "twilio_auth_token": twilio.auth_token,
        "twilio_from": "+15005550006",
        **changes,
    }
