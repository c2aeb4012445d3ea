"""Which way a run is replayed."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.conformance.kit import Kit, Run
from tests.conformance.mapping.reading import NotExpressible, Watched, only
from tests.conformance.observation import Observation
from tests.conformance.replay import (
    configs,
    dumps,
    endings,
    evaluator,
    histories,
    isolated,
    network,
    notifying,
    pushes,
    schedules,
    states,
    workload,
)
from tests.conformance.replay.bench import Bench

# What a state case is about, by the key that only such cases have.
_PURE: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "previous": states.change,
    "region": schedules.shared,
    "first_interval_s": schedules.replaced,
    "last_finished_tick_s": schedules.caught_up,
    "time": histories.day,
    "daily": histories.daily,
    "beats": histories.beats,
    "thresholds_days": endings.told,
    "latest": histories.summary,
}


async def replay(run: Run, kit: Kit, bench: Bench) -> Observation:
    """What a run came to. Raises NotExpressible."""
    if run.kind == "push":
        return await pushes.replay(run, bench.push)
    if run.record.get("replay") == "config":
        return configs.replay(run, kit)
    if run.kind == "condition" and _evaluable(run.probe):
        return evaluator.replay(run)
    if "post" in run.probe:
        return await _posted(run, kit, bench)
    if run.kind == "state":
        return await _state(run, kit, bench)
    if run.record.get("replay") == "needs-netns":
        return await isolated.replay(run, kit)
    if run.probe.get("action") == "dump_config":
        return dumps.replay(run)
    if "action" in run.probe:
        raise NotExpressible(f"action {run.probe['action']}")
    return await network.replay(run, kit, bench)


def _evaluable(probe: Mapping[str, Any]) -> bool:
    """What was not connected to has no answer, and is told by a check alone."""
    connected = probe.get("given", {}).get("connected", True)
    if "show_values_on_failure" in probe:
        return False  # how much is told, the evaluator doesn't know
    return connected and bool(probe.keys() & {"given", "operator", "conditions_tree"})


def _looked_up(
    pure: Callable[[Mapping[str, Any]], dict[str, Any]], probe: Mapping[str, Any]
) -> dict[str, Any]:
    """What comes of a record every key of which was looked up."""
    watched = Watched(probe)
    values = pure(watched)
    watched.finish()
    return values


async def _posted(run: Run, kit: Kit, bench: Bench) -> Observation:
    """What the API answers: a refusal is a problem document, about the assertions or not."""
    only(run.probe, "post", "to")
    body = run.probe["post"]
    if run.probe.get("to") == "run" and isinstance(body, Mapping):
        inner = Run(run.record | {"probe": dict(body)})
        observation = await network.replay(inner, kit, bench)
    else:
        observation = configs.posted(run)
    about = [problem.location[:1] for problem in observation.problems or ()]
    kind = "compilation" if ("assertions",) in about else "serialization"
    status = 400 if observation.refused else 200
    observation.values = {**observation.values, "response_status": status, "error_kind": kind}
    return observation


async def _state(run: Run, kit: Kit, bench: Bench) -> Observation:
    probe, expect = run.probe, run.expect
    for key, pure in _PURE.items():
        if key in probe:
            return Observation(values=_looked_up(pure, probe))
    if "delivered" in expect:
        return Observation(values=await notifying.told(probe, run.source))
    if "respect_robots" in probe:
        return await network.replay(run, kit, bench)
    if "runs_per_hour" in expect:
        return Observation(values=_looked_up(schedules.spread, probe))
    if "concurrency" in probe:
        return await workload.limited(run, kit)
    if "retries_within_check" in probe:
        return await workload.confirmed(run, kit)
    if probe.get("action") == "shutdown":
        return await workload.stopped(run)
    if "uptime" in expect:
        asked = expect.keys() & {"backward_range", "unknown_check"}
        said = await bench.push.ranges() if asked else {}
        return Observation(values=_looked_up(histories.halves, probe) | said)
    if "results" in expect:
        checked = {key: value for key, value in probe.items() if key != "outcomes"}
        observation = await network.replay(Run(run.record | {"probe": checked}), kit, bench)
        observation.values = workload.one_result(observation)
        return observation
    if "outcomes" in probe or expect.keys() & {"statuses", "sent", "events", "triggered"}:
        return Observation(values=states.series(probe, expect, run.source))
    raise NotExpressible(", ".join(probe.keys() - {"url"}) or "this")
