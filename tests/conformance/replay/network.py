"""Over the network: start the server, check it, and look at what came of it."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.conformance.definitions import validated
from tests.conformance.kit import Kit, Run
from tests.conformance.mapping import definition_of
from tests.conformance.mapping.network import any_status
from tests.conformance.observation import Observation
from tests.conformance.replay.bench import Bench, shown

from vedette.core.monitor import ProbedSpec


async def replay(run: Run, kit: Kit, bench: Bench) -> Observation:
    """What the checks of a run came to. Raises NotExpressible."""
    async with kit.serving(run) as server:
        probe = dict(server.fill(run.probe))
        guarded = bool(probe.pop("block_private_addresses", False))
        observation = validated(lambda: _definition(run, probe))
        observation.server = server
        if observation.spec is None:
            return observation
        await _check(observation, probe, bench, guarded=guarded)
        observation.server = _as_of_now(server)
        if run.expect.get("content_length") == "wire" or run.expect.get("body_length") == "wire":
            observation.wire_length = kit.wire_length(server)
        observation.values = await _looked_at(run, observation, bench)
        return observation


async def _check(
    observation: Observation, probe: Mapping[str, Any], bench: Bench, *, guarded: bool
) -> None:
    spec = observation.spec
    assert spec is not None
    same = probe.get("scheduled_at") == "same"
    monitor, slot = uuid4(), time.time_ns() // 1_000_000 if same else None
    for _ in range(probe.get("repeat", 1)):
        result = await bench.check(spec, guarded=guarded, monitor=monitor, slot=slot)
        observation.results.append(result)
    observation.output = "\n".join(shown(spec, result) for result in observation.results)


def _definition(run: Run, probe: Mapping[str, Any]) -> dict[str, Any]:
    """With what only assertions can look at, if it is expected."""
    definition = definition_of(run.kind, probe, run.source)
    if "record_value" in run.expect:
        wanted = definition["target"].setdefault("answers", {}).setdefault("contains", [])
        wanted.append(run.expect["record_value"])
    return definition


async def _looked_at(run: Run, observation: Observation, bench: Bench) -> dict[str, Any]:
    """What no result tells: whether a record is there, and each of several conditions."""
    values: dict[str, Any] = {}
    spec = observation.spec
    assert spec is not None
    if "record_value" in run.expect:
        values["record_value"] = run.expect["record_value"] if observation.success else None
    if "conditions" in run.expect:
        own = spec.assertions[: len(run.expect["conditions"])]
        values["conditions"] = [await _holds(spec, node, bench) for node in own]
    return values


async def _holds(spec: ProbedSpec, node: Any, bench: Bench) -> bool:
    """Whether the target passes with this assertion alone."""
    raw = node.model_dump(mode="json", by_alias=True)
    definition = spec.model_dump(mode="json", by_alias=True) | {"assertions": any_status([raw])}
    again = validated(lambda: definition)
    assert again.spec is not None, again.output
    return (await bench.check(again.spec)).reason is None


class _Seen:
    """What a server has seen by now."""

    def __init__(self, server: Any) -> None:
        self.facts = dict(server.facts)
        for name in ("requests", "queries", "sessions", "sni"):
            setattr(self, name, list(getattr(server, name)))


def _as_of_now(server: Any) -> _Seen:
    return _Seen(server)
