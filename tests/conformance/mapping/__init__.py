"""From a case's `probe` record to a definition as a person would write it: one module a kind.

Every key of a record must be read by somebody; a key that nobody reads, or that our model has no
word for, makes the run fail as *not expressible*. What a source leaves to its own default may be
spelt out here, as that source has it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tests.conformance.mapping import dns, grpc, http, icmp, streams, websocket
from tests.conformance.mapping.network import subjects
from tests.conformance.mapping.reading import NotExpressible, Reading
from tests.conformance.mapping.schemes import by_scheme

from vedette.core.monitor import LEAST_REGISTRATION_INTERVAL_S

Definition = dict[str, Any]
_MODULES: Mapping[str, Callable[[Reading], Definition]] = {
    "http": http.define,
    "websocket": websocket.define,
    "tcp": streams.define,
    "tls": streams.define,
    "ssh": streams.define,
    "starttls": streams.define,
    "dns": dns.define,
    "icmp": icmp.define,
    "grpc": grpc.define,
}
_HIDING = ("hide_conditions", "hide_errors", "hide_url", "hide_hostname", "hide_port")
# What a source has where nothing is said.
_THRESHOLDS: Mapping[str, Definition] = {
    "gatus": {"failure_threshold": 3, "recovery_threshold": 2},
}


def definition_of(kind: str, probe: Mapping[str, Any], source: str) -> Definition:
    """The definition for a probe record. Raises NotExpressible, and ValueError for a refusal."""
    kind, probe = by_scheme(kind, probe)
    reading = Reading(probe, kind=kind, source=source)
    if reading.kind not in _MODULES:
        raise NotExpressible(f"kind {reading.kind}")
    definition = _MODULES[reading.kind](reading)
    definition["name"] = reading.get("name", "conformance")
    if "group" in reading:
        definition["tags"] = [reading.get("group")]
    for ours, theirs in (("interval_s", "interval"), ("retry_interval_s", "retry_interval_s")):
        value = reading.get(ours, reading.get(theirs))
        if value is not None:
            definition[ours] = value
    if "interval_s" not in definition and "domain" in subjects(definition.get("assertions")):
        definition["interval_s"] = LEAST_REGISTRATION_INTERVAL_S
    definition |= _telling(reading)
    if "reminder_interval_s" in reading:
        # 0 is never, there.
        definition["remind_every_s"] = reading.get("reminder_interval_s") or None
    reading.finish()
    return _THRESHOLDS.get(source, {}) | definition


def _telling(reading: Reading) -> Definition:
    """How much of a failure is told, and what of the answer is kept."""
    found: Definition = {}
    if not reading.get("show_values_on_failure", True):
        found["detail"] = "no_values"
    hidden = {key: reading.get(key, False) for key in _HIDING}
    if any(hidden.values()):
        found["detail"] = "reason_only"
    for key in ("capture_response", "save_response"):
        if key in reading:
            keeping = reading.get(key)
            found["evidence"] = "never" if keeping == "off" else keeping
    for key in ("capture_limit", "response_max_length"):
        if key in reading:
            found["evidence_body_bytes"] = reading.get(key)
    return found
