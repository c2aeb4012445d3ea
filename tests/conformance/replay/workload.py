"""By running checks against time: places, confirmations, the end of a prober."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.conformance.definitions import validated
from tests.conformance.kit import Kit, Run
from tests.conformance.mapping import definition_of
from tests.conformance.mapping.reading import only
from tests.conformance.observation import Observation
from tests.conformance.replay.bench import job_of
from tests.conformance.replay.states import series

from vedette.core.outcome import Outcome
from vedette.prober.checks import Checker
from vedette.prober.limits import Limits
from vedette.prober.metrics import CheckMetrics
from vedette.prober.service import probing
from vedette.prober.settings import ProberSettings


async def limited(run: Run, kit: Kit) -> Observation:
    """Several checks at once, with places for fewer."""
    probe, ended = run.probe, []
    only(probe, "url", "concurrency", "checks")
    async with kit.serving(run) as server, probing(_settings()) as context:
        places = Limits(total=probe["concurrency"], per_host=probe["concurrency"])
        checker = Checker(context, places, CheckMetrics("default"))
        spec = _spec(run, server)
        began = time.perf_counter()

        async def one() -> None:
            await checker.check(job_of(spec, uuid4()))
            ended.append(time.perf_counter() - began)

        await asyncio.gather(*[one() for _ in range(probe["checks"])])
    marks = [
        {"at_s": mark["at_s"], "count": sum(at <= mark["at_s"] for at in ended)}
        for mark in run.expect["finished_by"]
    ]
    return Observation(values={"finished_by": marks})


async def confirmed(run: Run, kit: Kit) -> Observation:
    """What others try again within a check is a confirmation: another check, one verdict."""
    only(run.probe, "url", "retries_within_check")
    tries = run.probe["retries_within_check"] + 1
    async with kit.serving(run) as server, probing(_settings()) as context:
        checker = Checker(context, Limits(total=1, per_host=1), CheckMetrics("default"))
        spec = _spec(run, server)
        outcomes: list[str] = []
        while len(outcomes) < tries and "ok" not in outcomes:
            result = await checker.check(job_of(spec, uuid4()))
            outcomes.append("fail" if result.outcome is Outcome.DOWN else "ok")
        judged = series({"outcomes": outcomes, "failure_threshold": tries}, {}, run.source)
        up = judged["statuses"][-1] == "UP"
        return Observation(server=server, values={"results": [{"success": up}]})


async def stopped(run: Run) -> Observation:
    """How long a prober takes to end."""
    only(run.probe, "action")
    async with probing(_settings()):
        leaving = time.perf_counter()
    took_s = time.perf_counter() - leaving
    within_s = run.expect["exits_within_s"]
    return Observation(values={"exits_within_s": max(within_s, took_s)})


def _spec(run: Run, server: Any) -> Any:
    url = {"url": server.fill(run.probe["url"])}
    observation = validated(lambda: definition_of("http", url, run.source))
    assert observation.spec is not None, observation.output
    return observation.spec


def _settings() -> ProberSettings:
    return ProberSettings(prober_forbidden="none")


def one_result(observation: Observation) -> Mapping[str, Any]:
    """The results of one check."""
    return {"results": [{"success": observation.success}]}
