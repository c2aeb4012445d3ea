"""Mail, on a real SMTP server."""

from __future__ import annotations

import pytest
from tests.notifier.world import World, by_mail

from vedette.testing.smtp import Mailbox, running_mailbox
from vedette.testing.waiting import eventually

ANN, BOB = "ann@example.org", "bob@example.org"
LOGIN = ("vedette", "s3cret-passw0rd")


async def test_an_incident_is_two_mails_a_recipient_that_thread(
    world: World, mailbox: Mailbox
) -> None:
    opening = world.opened(await world.email(ANN, BOB))
    await world.receive(opening, world.resolved(opening))
    async with world.notifier(**by_mail(mailbox)):
        await world.has_status("sent", 4)
    down, up = (m for m in mailbox.messages if m["To"] == ANN)
    assert down["Subject"].startswith("DOWN: Shop API")
    assert up["Subject"] == "UP: Shop API — was down for 4 min 12 s"
    assert up["In-Reply-To"] == down["Message-ID"]
    assert [e.rcpt_tos for e in mailbox.envelopes].count([BOB]) == 2
    assert {e.mail_from for e in mailbox.envelopes} == {"watch@vedette.example"}


async def test_an_address_that_the_server_can_not_take_is_told_of(
    world: World, mailbox: Mailbox
) -> None:
    mailbox.international = False
    await world.receive(world.opened(await world.email("ünal@example.org")))
    async with world.notifier(**by_mail(mailbox)):
        await world.has_error("the mail server can't take the message: ")


async def test_mail_waits_for_its_server(world: World, mailbox: Mailbox) -> None:
    await mailbox.stop()
    await world.receive(world.opened(await world.email(ANN)))
    async with world.notifier(**by_mail(mailbox)):
        await world.has_error("the mail server can't be reached")
        await mailbox.start()
        await world.has_status("sent", 1)
    assert len(mailbox.messages) == 1


async def test_a_temporary_refusal_is_tried_again(world: World, mailbox: Mailbox) -> None:
    mailbox.refusing = True
    await world.receive(world.opened(await world.email(ANN)))
    async with world.notifier(**by_mail(mailbox)):
        await world.has_error("451 4.3.0 try again later")
        mailbox.refusing = False
        await world.has_status("sent", 1)


async def test_a_rejected_recipient_is_final(world: World, mailbox: Mailbox) -> None:
    mailbox.rejecting = True
    await world.receive(world.opened(await world.email(ANN)))
    async with world.notifier(**by_mail(mailbox)):
        [row] = await world.has_status("failed", 1)
    assert row["error"] == "the mail server refused the recipient: 550 5.1.1 no such mailbox"
    [event] = await world.published("notification.failed")
    assert event.data["error"] == row["error"]
    assert event.traceparent is not None


async def test_a_lost_answer_is_seen_once(world: World, mailbox: Mailbox) -> None:
    mailbox.losing_answers = True
    await world.receive(world.opened(await world.email(ANN)))
    async with world.notifier(**by_mail(mailbox)):
        await world.has_error("the mail server can't be reached")
        mailbox.losing_answers = False
        await world.has_status("sent", 1)
    assert len(mailbox.messages) == 2
    assert len(mailbox.visible()) == 1


async def test_a_wrong_password_waits_and_is_shown_without_it(world: World) -> None:
    async with running_mailbox(login=LOGIN) as mailbox:
        await world.receive(world.opened(await world.email(ANN)))
        wrong = by_mail(mailbox, smtp_user=LOGIN[0], smtp_password="wr0ng-passw0rd")
        async with world.notifier(**wrong):
            row = await world.has_error("refused the user name or password: 535")
        assert "wr0ng" not in row["error"]
        await world.hurry()
        async with world.notifier(**{**wrong, "smtp_password": LOGIN[1]}):
            await world.has_status("sent", 1)


@pytest.mark.parametrize(("encryption", "tls"), [("starttls", "starttls"), ("implicit", "tls")])
async def test_mail_is_encrypted(world: World, encryption: str, tls: str) -> None:
    async with running_mailbox(encryption=encryption, login=LOGIN) as mailbox:  # type: ignore[arg-type]
        settings = by_mail(
            mailbox,
            smtp_tls=tls,
            smtp_ca_file=mailbox.ca_file,
            smtp_user=LOGIN[0],
            smtp_password=LOGIN[1],
        )
        await world.receive(world.opened(await world.email(ANN)))
        async with world.notifier(**settings):
            await world.has_status("sent", 1)


async def test_an_untrusted_server_gets_nothing(world: World) -> None:
    async with running_mailbox(encryption="starttls") as mailbox:
        await world.receive(world.opened(await world.email(ANN)))
        async with world.notifier(**by_mail(mailbox, smtp_tls="starttls")):
            await world.has_error("certificate verify failed")
        assert mailbox.messages == []


async def test_without_a_server_the_delivery_says_so(world: World) -> None:
    await world.receive(world.opened(await world.email(ANN)))
    async with world.notifier():
        await world.has_error("VEDETTE_SMTP_HOST is not set")


async def test_a_burst_shares_few_connections(world: World, mailbox: Mailbox) -> None:
    peers = set()
    received = mailbox.handle_DATA

    async def note(server, session, envelope):  # type: ignore[no-untyped-def]
        peers.add(session.peer)
        return await received(server, session, envelope)

    mailbox.handle_DATA = note  # type: ignore[method-assign]
    channel = await world.email(*(f"user{n}@example.org" for n in range(50)))
    await world.receive(world.opened(channel))
    async with world.notifier(**by_mail(mailbox)):
        await world.has_status("sent", 50)
    assert len(mailbox.messages) == 50
    assert len(peers) <= 4


async def test_a_connection_that_went_stale_is_replaced(world: World, mailbox: Mailbox) -> None:
    async with world.notifier(**by_mail(mailbox)):
        await world.receive(world.opened(await world.email(ANN)))
        await world.has_status("sent", 1)
        await mailbox.stop()
        await mailbox.start()
        await world.receive(world.opened(await world.email(BOB)))
        await eventually(lambda: len(mailbox.messages) == 2)
    rows = await world.rows()
    assert {row["attempts"] for row in rows} == {1}
