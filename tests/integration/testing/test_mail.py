"""A mail server that tests send to."""

from __future__ import annotations

import asyncio
import ssl
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import pytest

from vedette.testing.smtp import Encryption, Mailbox, running_mailbox


def a_mail(key: str = "<1@vedette>") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "v@example.org", "you@example.org", "Down: café"
    mail["Message-ID"] = key
    mail.set_content("Schluß\n")
    return mail


async def send(mailbox: Mailbox, mail: EmailMessage, **options: Any) -> None:
    trust = ssl.create_default_context(cafile=mailbox.ca_file) if mailbox.ca_file else None
    host = "localhost" if mailbox.ca_file else mailbox.host
    await aiosmtplib.send(
        mail, hostname=host, port=mailbox.port, tls_context=trust, timeout=1, **options
    )


async def test_a_mailbox_shows_each_message_once() -> None:
    async with running_mailbox() as mailbox:
        for key in ("<1@v>", "<1@v>", "<2@v>"):
            await send(mailbox, a_mail(key))
        assert len(mailbox.messages) == 3
        assert [mail["Message-ID"] for mail in mailbox.visible()] == ["<1@v>", "<2@v>"]
        assert mailbox.messages[0]["Subject"] == "Down: café"
        assert mailbox.messages[0].get_content() == "Schluß\n"


async def test_a_mailbox_refuses_rejects_and_goes_away() -> None:
    async with running_mailbox() as mailbox:
        mailbox.refusing = True
        with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
            await send(mailbox, a_mail())
        assert refused.value.code == 451
        mailbox.refusing, mailbox.rejecting = False, True
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as rejected:
            await send(mailbox, a_mail())
        assert rejected.value.recipients[0].code == 550
        mailbox.rejecting = False
        await mailbox.stop()
        with pytest.raises(aiosmtplib.SMTPConnectError):
            await send(mailbox, a_mail())
        await mailbox.start()
        assert mailbox.messages == []
        await send(mailbox, a_mail())
        assert len(mailbox.messages) == 1


async def test_a_mailbox_may_lose_its_answer() -> None:
    async with running_mailbox() as mailbox:
        mailbox.losing_answers = True
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await send(mailbox, a_mail())
        mailbox.losing_answers = False
        await send(mailbox, a_mail())
        assert (len(mailbox.messages), len(mailbox.visible())) == (2, 1)


@pytest.mark.parametrize("more", [b"", b"\x16\x03\x01\x02\x00\x01"])
async def test_a_mailbox_stops_with_a_client_that_breaks_off_the_handshake(more: bytes) -> None:
    async with running_mailbox(encryption="starttls") as mailbox:
        reader, writer = await asyncio.open_connection(mailbox.host, mailbox.port)
        writer.write(b"EHLO a.example\r\n")
        await reader.readuntil(b"250 ")
        writer.write(b"STARTTLS\r\n")
        await reader.readuntil(b"Ready to start TLS\r\n")
        writer.write(more)
        await mailbox.stop()
        writer.close()


async def test_a_mailbox_stops_with_an_idle_client() -> None:
    async with running_mailbox() as mailbox:
        reader, writer = await asyncio.open_connection(mailbox.host, mailbox.port)
        assert (await reader.readline()).startswith(b"220")
        await mailbox.stop()
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("encryption", ["starttls", "implicit"])
async def test_a_mailbox_over_tls(encryption: Encryption) -> None:
    async with running_mailbox(encryption=encryption) as mailbox:
        implicit = encryption == "implicit"
        await send(mailbox, a_mail(), use_tls=implicit, start_tls=not implicit)
        assert len(mailbox.messages) == 1
        with pytest.raises(aiosmtplib.SMTPException):
            await send(mailbox, a_mail(), use_tls=False, start_tls=False)
        assert len(mailbox.messages) == 1


async def test_a_mailbox_wants_its_password() -> None:
    async with running_mailbox(login=("me", "secret"), encryption="starttls") as mailbox:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await send(mailbox, a_mail(), username="me", password="wrong", start_tls=True)
        with pytest.raises(aiosmtplib.SMTPResponseException, match=r"530|[Aa]uthentication"):
            await send(mailbox, a_mail(), start_tls=True)
        await send(mailbox, a_mail(), username="me", password="secret", start_tls=True)
        assert len(mailbox.messages) == 1
