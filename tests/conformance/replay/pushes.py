"""By what takes reports in: their evaluator, the judge, and the gateway over a real database."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from tests.conformance.definitions import validated
from tests.conformance.kit import Run
from tests.conformance.mapping import push
from tests.conformance.mapping.reading import NotExpressible, Reading, only
from tests.conformance.observation import Observation
from tests.conformance.replay import states
from tests.conformance.replay.databases import database

from vedette.bus.local import LocalBus
from vedette.core.kinds.push import PushTarget
from vedette.core.reporting import Finding, Report, Signal, Vigil, afresh, lapse, take
from vedette.core.state import State
from vedette.gateway.app import build_app
from vedette.gateway.service import opened
from vedette.gateway.settings import GatewaySettings
from vedette.processor.domain import Policy, Standing
from vedette.processor.passive.care import Care
from vedette.runtime.resources import Resources
from vedette.store.cache import MemoryCache
from vedette.store.pool import Pool

_KEY = "the key of the conformance cases"
_START_MS = 1_700_000_000_000
_OUTCOMES = {"up": "ok", "down": "fail"}
_BAD_REQUEST, _NOT_FOUND = 400, 404
_STATUS = {202: 200, 422: 400}


async def replay(run: Run, bench: "PushBench") -> Observation:
    """What a run came to. Raises NotExpressible."""
    probe = run.probe
    if run.record.get("replay") == "config":
        reading = Reading(probe.get("config", probe), kind="push", source=run.source)
        return validated(lambda: push.define(reading))
    if "events" in probe:
        seen = timeline(probe, run.source)
        complete = len(seen) == len(run.expect.get("timeline", []))
        return Observation(values={"timeline_seen": seen, "complete": complete})
    if "pushes" in probe:
        rest = {key: value for key, value in probe.items() if key != "pushes"}
        outcomes = [_OUTCOMES[status] for status in probe["pushes"]]
        return Observation(
            values=states.series(rest | {"outcomes": outcomes}, run.expect, run.source)
        )
    return Observation(values=await bench.asked(probe))


def timeline(probe: Mapping[str, Any], source: str) -> list[dict[str, Any]]:
    """What is found when, how it stands then, and whether somebody is told."""
    reading = Reading(probe, kind="push", source=source)
    terms = PushTarget(**push.expected_every(reading.get("interval_s"))).terms()
    policy = Policy(None, 0, reading.get("max_retries", 0) + 1, 1, 0)
    reports = [_report(event) for event in reading.get("events")]
    until = _START_MS + int(reading.get("observe_until_s") * 1000)
    apart = reading.get("maintenance", False)
    reading.finish()
    course = states.Course(policy, Standing(State.PENDING, 0))
    vigil = afresh(Vigil(), terms, at=_START_MS)
    seen: list[dict[str, Any]] = []
    for report in [*reports, None]:
        end = until if report is None else report.at
        vigil, found = lapse(vigil, terms, until=end, listening_since=0)
        if report is not None:
            vigil, said = take(vigil, report)
            found += [said] if said else []
        seen += [_entry(course, finding, maintenance=apart) for finding in found]
    return seen


def _report(event: Mapping[str, Any]) -> Report:
    signal = Signal.UP if event["status"] == "up" else Signal.DOWN
    return Report(_START_MS + int(event["at_s"] * 1000), signal)


def _entry(course: states.Course, finding: Finding, *, maintenance: bool) -> dict[str, Any]:
    course.slot = finding.slot
    course.see(failing=finding.outcome.value == "down", maintenance=maintenance)
    return {
        "at_s": (finding.slot - _START_MS) / 1000,
        "status": course.seen["statuses"][-1],
        "notify": course.seen["notified"][-1],
    }


@dataclass
class _Gateway:
    """A gateway, and a processor's care, over a database."""

    client: Any
    pool: Pool
    care: Care

    async def add(self, name: str, *, token: str, paused: bool = False) -> str:
        """A monitor of kind push whose token is a certain one."""
        definition = {"name": name, "kind": "push", "target": {}}
        id: str = (await self.ask("POST", "/monitors", definition))[1]["id"]
        await self.pool.execute("update passive_monitor set token = null where token = $1", token)
        await self.pool.execute(
            "update passive_monitor set token = $2 where monitor_id = $1", UUID(id), token
        )
        if paused:
            await self.ask("POST", f"/monitors/{id}/pause")
        return id

    async def ask(
        self, method: str, path: str, body: Any = None, authorization: str | None = f"Bearer {_KEY}"
    ) -> tuple[int, Any]:
        """A request to the API."""
        headers = {} if authorization is None else {"Authorization": authorization}
        async with self.client.request(
            method, f"/api/v1{path}", json=body, headers=headers
        ) as answer:
            return answer.status, await answer.json(content_type=None)


class PushBench:
    """A gateway that is started for the first run that asks it something."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._lock = asyncio.Lock()
        self._started: _Gateway | None = None

    async def asked(self, probe: Mapping[str, Any]) -> dict[str, Any]:
        """What is answered, and recorded. One run at a time, for they share a token."""
        async with self._lock:
            if self._started is None:
                self._started = await self._stack.enter_async_context(_gateway())
            if "push" in probe:
                return await _by_api(self._started, probe)
            return await _by_address(self._started, probe)

    async def ranges(self) -> dict[str, Any]:
        """What is said of a range that ends before it begins, and of a check that isn't there."""
        async with self._lock:
            if self._started is None:
                self._started = await self._stack.enter_async_context(_gateway())
            id = await self._started.add("Ranges", token="unused")
            backward = "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z"
            refused, _ = await self._started.ask("GET", f"/monitors/{id}/uptime?{backward}")
            absent, _ = await self._started.ask("GET", f"/monitors/{UUID(int=0)}/uptime")
        return {
            "backward_range": "error" if refused == _BAD_REQUEST else refused,
            "unknown_check": "not found" if absent == _NOT_FOUND else absent,
        }


async def _by_api(gateway: _Gateway, probe: Mapping[str, Any]) -> dict[str, Any]:
    """Gatus's request, as one to our API: the token of its endpoint is our key."""
    only(probe, "endpoint", "push")
    endpoint, asked = probe["endpoint"], dict(probe["push"])
    only(endpoint, "group", "name", "token")
    id = await gateway.add(endpoint["name"], token="unused")
    query = dict(parse_qsl(asked.pop("query", ""), keep_blank_values=True))
    query |= _sent_along(asked.pop("body", None))
    authorization = asked.pop("authorization", None)
    if authorization == f"Bearer {endpoint['token']}":
        authorization = f"Bearer {_KEY}"
    if asked.pop("key", None) is not None:
        id = str(UUID(int=0))
    if asked:
        raise NotExpressible(f"push {', '.join(asked)}")
    path = f"/monitors/{id}/results"
    status, _ = await gateway.ask("POST", path, push.result_of(query), authorization)
    return {"response_status": _STATUS.get(status, status)}


def _sent_along(body: Any) -> dict[str, str]:
    """An error may stand in the body, as JSON."""
    return dict(json.loads(body) if isinstance(body, str) else body or {})


async def _by_address(gateway: _Gateway, probe: Mapping[str, Any]) -> dict[str, Any]:
    """Kuma's request, to the address that takes its grammar. Its own token is always `tok`."""
    reading = Reading(probe, kind="push", source="kuma")
    id = await gateway.add("Batch", token="tok", paused=reading.get("paused", False))
    address = f"/api/push/{reading.get('token', 'tok')}?{reading.get('query', '')}"
    reading.finish()
    async with gateway.client.get(address) as answer:
        accepted = answer.status == 200 and (await answer.json())["ok"]
    while await gateway.care.look_after_some():
        pass
    row = await gateway.pool.fetchrow(
        "select outcome, message, duration_ms from check_result where monitor_id = $1", UUID(id)
    )
    if row is None:
        return {"accepted": accepted}
    return {
        "accepted": accepted,
        "status": row["outcome"].upper(),
        "message": row["message"],
        "ping": row["duration_ms"],
    }


@asynccontextmanager
async def _gateway() -> AsyncIterator[_Gateway]:
    settings = GatewaySettings(
        api_key=SecretStr(_KEY), secret_key=SecretStr("a secret of the cases"), rate_limit=0
    )
    async with database() as pool:
        bus = LocalBus()
        resources = Resources(
            instance="cases", bus=bus, drain_s=1, _pool=pool, _cache=MemoryCache()
        )
        async with (
            opened(settings, resources) as gateway,
            TestClient(TestServer(build_app(gateway, {}))) as client,
        ):
            yield _Gateway(client, pool, Care(pool))
        await bus.close()
