"""By validation alone: is the definition refused, and does it say why?"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError
from tests.conformance.definitions import planned, validated
from tests.conformance.kit import Kit, Run
from tests.conformance.mapping import definition_of, maintenance
from tests.conformance.mapping.reading import Reading, only
from tests.conformance.mapping.schemes import by_scheme
from tests.conformance.observation import Observation, Problem

from vedette.core.assertions import MAX_LEAVES
from vedette.core.kinds.domain import DomainTarget
from vedette.prober.settings import ProberSettings


def replay(run: Run, kit: Kit) -> Observation:
    """What validation says. Raises NotExpressible."""
    if "domain" in run.expect:
        only(run.probe, "url")
        return Observation(values={"domain": _domain(str(run.probe.get("url", "")))})
    if "connectivity" in run.probe.get("config", {}):
        return _canaries(run.probe["config"])
    with TemporaryDirectory(prefix="conformance-") as folder:
        probe = dict(run.probe.get("config") or run.probe)
        if "tls" in probe:
            probe["tls"] = _with_files(probe["tls"], kit.client_files(Path(folder)))
        if probe.keys() == {"maintenance"}:
            return planned(lambda: maintenance.define(probe["maintenance"], run.source))
        observations = [
            validated(lambda: _definition(run, part))  # noqa: B023  (called at once)
            for part in _few_conditions(probe)
        ]
        observation = next((one for one in observations if one.refused), observations[-1])
    kind = None if observation.spec is None else _told(probe) or observation.spec.kind
    observation.values = {"check_kind": kind}
    return observation


def _few_conditions(probe: dict[str, Any]) -> list[dict[str, Any]]:
    """A list of forms that are each to be accepted may have more than a monitor may have."""
    conditions = probe.get("conditions", [])
    if len(conditions) <= MAX_LEAVES:
        return [probe]
    return [{**probe, "conditions": [condition]} for condition in conditions]


def _domain(url: str) -> str | None:
    """The domain that a monitor of it would watch; None if there is none to be watched."""
    target = DomainTarget.in_short(url)
    spec = validated(lambda: {"name": "conformance", "kind": "domain", "target": target}).spec
    return None if spec is None else spec.target.domain_host()


def _canaries(config: Mapping[str, Any]) -> Observation:
    """What Gatus calls connectivity: an address that the prober itself must reach."""
    only(config, "connectivity")
    reading = Reading(config, kind="connectivity", source="gatus").under("connectivity")
    settings: dict[str, Any] = {"prober_canaries": reading.get("target", "")}
    if reading.get("interval", 0):
        settings["prober_canary_interval_s"] = reading.get("interval")
    reading.finish()
    try:
        ProberSettings(**settings)
    except ValidationError as error:
        problems = [Problem(one["loc"], one["msg"]) for one in error.errors()]
        return Observation(problems=problems, output="\n".join(map(str, problems)))
    return Observation()


def posted(run: Run) -> Observation:
    """What the API's validation says of what is posted to it."""
    body = run.probe["post"]
    if not isinstance(body, Mapping):
        return Observation(problems=[Problem((), "not an object")])
    return validated(lambda: _definition(run, dict(body)))


def _definition(run: Run, probe: dict[str, Any]) -> dict[str, Any]:
    """A key that is to be refused for being unknown is written down as it is."""
    about = str(run.expect.get("config_error_about"))
    kind = probe.pop("type", run.kind)
    if about == "type":
        return {"name": "conformance", "kind": kind, "target": {}}
    as_it_is = {key for key in probe if key.endswith("_file")}
    as_it_is |= {about} & probe.keys() - _READ
    unknown = {key: probe.pop(key) for key in as_it_is}
    if kind in {"http", "state", "condition"}:
        kind = "http"
        if "post" not in run.probe:
            probe.setdefault("url", "http://127.0.0.1/")
    definition = definition_of(kind, probe, run.source)
    definition["target"] |= unknown
    return definition


_READ = frozenset({"query_name", "query_type", "query_class", "regex", "body", "expect",
                   "bearer_token"})  # fmt: skip


def _told(probe: Mapping[str, Any]) -> str | None:
    """The kind in the words of who told it: that of a scheme, or of a type."""
    kind, told = by_scheme("", probe)
    return told.get("type") or (kind if kind in {"grpc", "icmp", "dns"} else None)


def _with_files(tls: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """Files that are good, missing or garbage."""
    found = dict(tls)
    for key, own in (("client_cert_file", "certificate"), ("client_key_file", "key")):
        word = found.get(key)
        found[key] = {"good": files[own], "garbage": files["garbage"]}.get(str(word), "")
    return found
