"""`vedette doctor` beside a running Vedette, as an operator runs it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from tests.e2e.actor import Actor

from vedette.testing.target import Target
from vedette.testing.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def examined(actor: Actor) -> tuple[int, dict[str, Any]]:
    """The doctor's exit code, and what it tells."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "vedette.cli.main", "doctor", "--json"],
        env=os.environ | actor.installation.environment,
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def level(told: dict[str, Any], part: str) -> str:
    """How a part stands."""
    findings = [one for section in told["sections"].values() for one in section]
    return str(next(one["level"] for one in findings if one["part"] == part))


async def test_it_is_well_and_knows_how_long_checks_dwell(actor: Actor, target: Target) -> None:
    await actor.watch(target.url)
    told: dict[str, Any] = {}

    async def well() -> bool:
        nonlocal told
        code, told = await examined(actor)
        stages = {(one["stage"], one["source"].startswith("/metrics")) for one in told["dwell"]}
        known = {("slot_to_start", False), ("result_to_verdict", True), ("verdict_to_event", True)}
        return code == 0 and stages >= known

    await eventually(well, within=60, every=1, what="the doctor finds nothing bad")
    assert level(told, "services") == "ok"
    assert level(told, "schema") == "ok"
    assert level(told, "definitions") == "ok"
    assert ("RabbitMQ" in told["sections"]) is (actor.installation.mode == "apart")


async def test_a_service_that_is_gone_is_told(actor: Actor, target: Target) -> None:
    await actor.watch(target.url)
    service = "up" if actor.installation.mode == "embedded" else "prober"
    await actor.installation.terminate(service)
    try:
        code, told = await examined(actor)
        assert code == 1
        assert level(told, "server" if service == "up" else "probers") == "bad"
    finally:
        await actor.installation.start(service)
        await actor.installation.ready()
