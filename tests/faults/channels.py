"""Who is told: a mail server and a webhook receiver, and what reached them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.actor import SECRET, Api
from tests.faults.judge import Received

from vedette.testing.sink import Arrival, Sink, running_sink
from vedette.testing.smtp import Mailbox, running_mailbox

_ADDRESS = "ops@example.org"
_TRANSITIONS = {
    "vedette.incident.opened.v1": "opened",
    "vedette.incident.resolved.v1": "resolved",
}
_SUBJECTS = {"DOWN": "opened", "UP": "resolved"}


@dataclass
class Receivers:
    """The providers."""

    mailbox: Mailbox
    sink: Sink

    @property
    def settings(self) -> dict[str, str]:
        """What the notifier must be told of them."""
        return {
            "VEDETTE_SMTP_HOST": self.mailbox.host,
            "VEDETTE_SMTP_PORT": str(self.mailbox.port),
            "VEDETTE_SMTP_TLS": "none",
            "VEDETTE_SEND_TIMEOUT_S": "8",
            "VEDETTE_STORM_THRESHOLD": "0",  # each incident by itself, however many there are
        }

    async def channels(self, api: Api) -> list[str]:
        """One channel of each kind."""
        configs = {
            "email": {"to": [_ADDRESS]},
            "webhook": {"url": self.sink.url, "secret": SECRET},
        }
        made = [
            await api("POST", "/channels", {"name": kind, "kind": kind, "config": config})
            for kind, config in configs.items()
        ]
        return [channel["id"] for channel in made]

    def received(self) -> list[Received]:
        """Every arrival that a receiver took in, repeated ones too."""
        mails = [one for mail in self.mailbox.messages for one in _mailed(mail)]
        arrivals = [arrival for arrival in self.sink.raw if arrival.accepted]
        return mails + [one for arrival in arrivals for one in _hooked(arrival)]


def _mailed(mail: Any) -> list[Received]:
    """One for each incident that it tells of: a digest tells of many, of a region none does."""
    subject = str(mail["Subject"]).partition(":")[0].partition(" ")[0]
    return [
        Received(
            channel="email",
            incident=str(incident),
            transition=_SUBJECTS.get(subject, subject),
            key=str(mail["Message-ID"]),
        )
        for incident in mail.get_all("X-Vedette-Incident", [])
    ]


def _hooked(arrival: Arrival) -> list[Received]:
    arrival.verify(SECRET)
    event = arrival.json()
    data = event["data"]
    if event["type"] == "vedette.notification.digest.v1":
        transition = str(data["transition"])
        incidents = [item["incident"] for item in data["items"]]
    else:
        transition = _TRANSITIONS.get(event["type"], event["type"])
        incidents = [data["incident"]] if "incident" in data else []
    return [
        Received(
            channel="webhook",
            incident=str(incident["id"]),
            transition=transition,
            key=str(arrival.id),
        )
        for incident in incidents
    ]


@asynccontextmanager
async def running_receivers() -> AsyncIterator[Receivers]:
    """Both, on ports that they keep."""
    async with running_mailbox() as mailbox, running_sink() as sink:
        yield Receivers(mailbox, sink)
