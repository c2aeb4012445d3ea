"""Jobs report by themselves: who is told when they fail, and what a restart of ours makes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from tests.e2e.actor import Actor

from vedette.testing.sink import Sink
from vedette.testing.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

OPENED, RESOLVED = "vedette.incident.opened.v1", "vedette.incident.resolved.v1"


async def a_job(actor: Actor, **fields: Any) -> dict[str, Any]:
    definition = {
        "name": "Backup",
        "kind": "heartbeat",
        "target": {"every_s": 10, "grace_s": 1},
        **fields,
    }
    made: dict[str, Any] = await actor.api("POST", "/monitors", definition)
    return made


async def ping(actor: Actor, job: dict[str, Any], action: str = "", body: str = "") -> None:
    url = f"{actor.installation.url}{job['ping_url']}{action}"
    async with aiohttp.ClientSession() as http, http.post(url, data=body) as answer:
        assert answer.status == 200


async def test_a_failing_job_is_told_at_once_and_its_success_too(actor: Actor, sink: Sink) -> None:
    told = await actor.channels(sink)
    job = await a_job(actor, target={"every_s": 3600}, channels=told.channels)
    await ping(actor, job)
    await actor.becomes(job["id"], "up", within=5)
    await ping(actor, job, "/3", "no space left on device")
    await eventually(lambda: told.hooks() == [OPENED], within=15)
    await ping(actor, job)
    await eventually(lambda: told.hooks() == [OPENED, RESOLVED], within=15)
    cause = sink.visible()[0].json()["data"]["incident"]["cause"]
    assert (cause["reason"], cause["facts"]) == ("run_failed", {"exit_status": 3})


async def test_a_job_that_stops_reporting_is_missing(actor: Actor) -> None:
    job = await a_job(actor)
    await ping(actor, job)
    await actor.becomes(job["id"], "up", within=5)
    await actor.becomes(job["id"], "down", within=20)
    checks = await actor.checks(job["id"])
    assert [check["reason"] for check in checks] == ["run_missing", None]


async def test_a_job_is_not_called_missing_for_an_outage_of_ours(actor: Actor) -> None:
    job = await a_job(actor)
    await ping(actor, job)
    await actor.becomes(job["id"], "up", within=5)
    gateway = "up" if actor.installation.mode == "embedded" else "gateway"
    await actor.installation.kill(gateway)
    await asyncio.sleep(12)  # the outage itself, in which a report is due
    await actor.installation.start(gateway)
    await actor.installation.ready()

    async def judged() -> bool:
        return len(await actor.checks(job["id"])) > 1

    await eventually(judged, within=30, what="the deadline is over")
    *_, second, first = await actor.checks(job["id"])
    assert (first["outcome"], second["outcome"]) == ("up", "missed")
    await ping(actor, job)
    await actor.becomes(job["id"], "up", within=5)
