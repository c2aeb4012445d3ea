"""Messages about regions: one a recipient, and its end to those who had it."""

from __future__ import annotations

import asyncio

import pytest
from tests.notifier import given
from tests.notifier.world import World, by_mail

from vedette.testing.smtp import Mailbox
from vedette.testing.waiting import eventually

ANN, BOB = "ann@example.org", "bob@example.org"


async def test_each_recipient_is_told_once_of_the_outage_and_once_of_its_end(
    world: World, mailbox: Mailbox
) -> None:
    outage = given.an_outage(channels=[await world.email(ANN, BOB), await world.email(ANN)])
    began = given.unhealthy(outage, workspace=world.workspace)
    ended = given.recovered(outage, workspace=world.workspace)
    async with world.notifier(**by_mail(mailbox)):
        await asyncio.gather(*(world.receive(began) for _ in range(3)))
        await asyncio.gather(*(world.receive(ended) for _ in range(3)))
        await world.has_status("sent", 6)
    subjects = sorted(message["Subject"].split(":")[0] for message in mailbox.messages)
    assert subjects == ["RECOVERED"] * 3 + ["UNHEALTHY"] * 3
    assert {row["region"] for row in await world.rows()} == {"eu"}
    for event in await world.published("notification.sent"):
        assert "incident_id" not in event.data
        assert event.data["region"] == "eu"


@pytest.mark.parametrize("late", [True, False])
async def test_an_end_that_comes_first_brings_its_beginning(world: World, late: bool) -> None:
    outage = given.an_outage(channels=[await world.email(ANN)])
    began = given.unhealthy(outage, workspace=world.workspace)
    ended = given.recovered(outage, workspace=world.workspace)
    await world.receive(*([ended, began] if late else [began, ended]))
    rows = await world.rows()
    assert sorted(row["transition"] for row in rows) == ["recovered", "unhealthy"]


async def test_the_end_waits_for_the_beginning(world: World) -> None:
    outage = given.an_outage(channels=[await world.email(ANN)])
    await world.receive(given.unhealthy(outage, workspace=world.workspace))
    await world.receive(given.recovered(outage, workspace=world.workspace))
    async with world.notifier():  # no mail server
        await world.has_error("mail is not set up")

        async def attempts() -> bool:
            rows = {row["transition"]: row["attempts"] for row in await world.rows()}
            return bool(rows["unhealthy"]) and not rows["recovered"]

        await eventually(attempts)
