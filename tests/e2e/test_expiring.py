"""Certificates that end soon, from the handshake to the people who are told."""

from __future__ import annotations

import pytest
from tests.e2e.actor import Actor

from vedette.testing.sink import Sink
from vedette.testing.target import running_target
from vedette.testing.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_an_end_that_comes_near_is_told_once_and_is_no_incident(
    actor: Actor, sink: Sink
) -> None:
    told = await actor.channels(sink)
    async with running_target(tls="expiring") as target:
        assert target.ca_file is not None
        trusting = {"tls": {"ca": target.ca_file.read_text()}}
        monitor = await actor.watch(target.url, target=trusting, channels=told.channels)
        await told.everything(1, within=30)

        async def checked_again() -> bool:
            return len(await actor.checks(monitor)) >= 3

        await eventually(checked_again, within=30, what="two more checks")
        assert await actor.state(monitor) == "up"
    assert told.hooks() == ["vedette.certificate.expiring.v1"]
    (event,) = [arrival.json() for arrival in sink.visible()]
    assert (event["data"]["threshold"], event["data"]["days_left"]) == (3, 2)
    assert event["data"]["monitor"]["id"] == monitor
    assert await actor.incidents(monitor) == []
    assert "the certificate expires in 2 days" in told.mails()[0]
    assert told.counts() == (1, 1, 1)
