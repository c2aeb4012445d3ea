"""Mail: one message a recipient, recognisable by its Message-ID however often it is sent."""

import time
from email.headerregistry import HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import ClassVar
from uuid import UUID

import aiohttp
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from vedette.core.channel import ChannelConfig
from vedette.core.events import Event
from vedette.core.instants import to_datetime
from vedette.notifier import rendering
from vedette.notifier.channel import Channel
from vedette.notifier.delivery import Delivery, SendFailed
from vedette.notifier.domain.telling import beginning_of
from vedette.notifier.settings import NotifierSettings
from vedette.notifier.smtp import SmtpConnections
from vedette.notifier.words import one_line

# The standard library takes these for prose, and encodes what is too long for one line.
_HEADERS = HeaderRegistry()
for _name in ("In-Reply-To", "References"):
    # typeshed has not seen that a header class is mixed into a base of the registry's.
    _HEADERS.map_to_type(_name, MessageIDHeader)  # type: ignore[arg-type]
_POLICY = SMTP.clone(header_factory=_HEADERS)


class Email(Channel):
    """Mail by SMTP."""

    kind: ClassVar[str] = "email"

    def __init__(self, settings: NotifierSettings, http: aiohttp.ClientSession) -> None:
        super().__init__(settings, http)
        self._connections = SmtpConnections(settings)

    async def send(self, delivery: Delivery, config: ChannelConfig) -> str | None:
        """Returns what the server answered: it tends to hold its queue's id."""
        if self.settings.smtp_host is None:
            raise SendFailed("mail is not set up: VEDETTE_SMTP_HOST is not set")
        message = compose(delivery, self.settings, at_ms=time.time_ns() // 1_000_000)
        sender = parseaddr(self.settings.smtp_from)[1]
        try:
            async with self._connections.connection() as smtp:
                _, answer = await smtp.send_message(
                    message, sender=sender, recipients=[delivery.recipient]
                )
        except (SMTPException, OSError) as error:
            raise _failure(error) from error
        return one_line(answer)

    async def close(self) -> None:
        """Hang up."""
        self._connections.close()


def compose(delivery: Delivery, settings: NotifierSettings, *, at_ms: int) -> EmailMessage:
    """The mail, as of `at_ms`."""
    event = Event.model_validate(delivery.event)
    text = rendering.mail(event, at_ms=at_ms, public_url=settings.public_url)
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = text.subject
    message["From"] = settings.smtp_from
    message["To"] = delivery.recipient
    message["Date"] = format_datetime(to_datetime(at_ms))
    message["Message-ID"] = _message_id(delivery.id, settings)
    message["Auto-Submitted"] = "auto-generated"
    if delivery.incident_id is not None and delivery.region is None:
        message["X-Vedette-Incident"] = str(delivery.incident_id)
    for incident in delivery.incidents:
        message["X-Vedette-Incident"] = str(incident)
    if (first := beginning_of(delivery)) is not None:
        message["In-Reply-To"] = message["References"] = _message_id(first, settings)
    message.set_content(text.text)
    message.add_alternative(text.html, subtype="html")
    return message


def _message_id(delivery: UUID, settings: NotifierSettings) -> str:
    host = parseaddr(settings.smtp_from)[1].rpartition("@")[2]
    return f"<{delivery}@{host}>"


def _failure(error: SMTPException | OSError) -> SendFailed:
    """Only what is said of the recipient or the message is final; the rest can be mended."""
    permanent = False
    match error:
        case SMTPRecipientsRefused():
            refusal = error.recipients[0]
            words = f"refused the recipient: {refusal.code} {refusal.message}"
            permanent = refusal.code >= 500
        case SMTPDataError():
            words = f"refused the message: {error.code} {error.message}"
            permanent = error.code >= 500
        case SMTPAuthenticationError():
            words = f"refused the user name or password: {error.code} {error.message}"
        case SMTPSenderRefused():
            words = f"refused the sender: {error.code} {error.message}"
        case SMTPNotSupported():
            words = f"can't take the message: {error}"
        case SMTPResponseException():
            words = f"answered: {error.code} {error.message}"
        case _:
            words = f"can't be reached: {error or type(error).__name__}"
    return SendFailed(f"the mail server {words}", permanent=permanent)
