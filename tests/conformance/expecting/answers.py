"""What a target answered: facts, phases, certificates, evidence."""

from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from tests.conformance.expecting.comparing import Comparison, equal, within
from tests.conformance.observation import Observation

from vedette.core.monitor import ProbedSpec
from vedette.core.outcome import Reason

# Their phases, and ours for the same time.
_PHASES = {"processing": "first_byte", "request": "first_byte"}
_SECTIONS = {"answer": "answers", "authority": "authority", "additional": "additional"}
_EXPIRIES = {
    "leaf_not_after": "certificate_expires_at",
    "earliest_not_after": "earliest_expires_at",
    "best_chain_not_after": "chain_expires_at",
}


def _fact(name: str) -> Comparison:
    def compare(expected: Any, observation: Observation) -> str | None:
        return equal(expected, observation.fact(name))

    return compare


def _or_none(name: str, compare: Comparison) -> Comparison:
    """Where nothing is expected, the fact of this name is not told."""

    def compare_either(expected: Any, observation: Observation) -> str | None:
        return compare(expected, observation) if expected is not None else none(None, observation)

    none = _fact(name)
    return compare_either


def _content_length(expected: int | str, observation: Observation) -> str | None:
    wanted = observation.wire_length if expected == "wire" else expected
    return equal(wanted, observation.fact("size"))


def _body_length(expected: int | str, observation: Observation) -> str | None:
    """Of the body, decoded; it is told if that is another than what was received."""
    wanted = observation.wire_length if expected == "wire" else expected
    decoded = observation.fact("body_size")
    return equal(wanted, observation.fact("size") if decoded is None else decoded)


def _tls(expected: bool, observation: Observation) -> str | None:
    """Whether TLS was agreed on, and the certificate was good enough."""
    result = observation.result
    failed = result is not None and (result.reason or "").startswith("tls_")
    shown = observation.fact("certificate_expires_at") or observation.fact("tls_version")
    return equal(expected, bool(shown) and not failed)


def _hops(expected: int | list[Any], observation: Observation) -> str | None:
    """Requests of a check: their number, or what of each is given."""
    result = observation.result
    seen = [hop.model_dump(mode="json") for hop in result.hops] if result is not None else []
    seen = seen or [{"status": observation.fact("status")}]
    return equal(expected, len(seen) if isinstance(expected, int) else seen)


def _ip_version(expected: int, observation: Observation) -> str | None:
    ip = observation.fact("ip")
    return equal(expected, None if ip is None else ip_address(ip).version)


def _phases(expected: list[str], observation: Observation) -> str | None:
    """Phases that are entered: an address is not resolved."""
    result = observation.result
    entered = result.phases if result is not None else {}
    wanted = [_PHASES.get(name, name) for name in expected]
    if observation.spec is not None and _by_address(observation.spec):
        wanted = [name for name in wanted if name != "resolve"]
    absent = [name for name in wanted if name not in entered]
    return f"{absent} is not among {list(entered)}" if absent else None


def _by_address(spec: ProbedSpec) -> bool:
    target: Any = spec.target
    host = urlsplit(getattr(target, "url", "")).hostname or getattr(target, "host", "")
    try:
        return bool(ip_address(str(host)))
    except ValueError:
        return False


def _phases_absent(expected: list[str], observation: Observation) -> str | None:
    result = observation.result
    entered = result.phases if result is not None else {}
    there = [name for name in expected if _PHASES.get(name, name) in entered]
    return f"{there} is among {list(entered)}" if there else None


def _record_counts(expected: dict[str, int], observation: Observation) -> str | None:
    return equal(expected, {name: observation.fact(_SECTIONS[name]) for name in expected})


def _answered(expected: bool, observation: Observation) -> str | None:
    return equal(expected, observation.fact("rcode") is not None)


def _expiry(expected: str, observation: Observation) -> str | None:
    """A name of the server's facts, which are Unix times."""
    if expected not in _EXPIRIES:
        return f"not expressible: {expected}"
    wanted = observation.server.facts[expected]
    said = observation.fact(_EXPIRIES[expected])
    at = None if said is None else datetime.fromisoformat(said).timestamp()
    return equal(wanted, at)


def _serial(expected: str, observation: Observation) -> str | None:
    wanted = str(observation.server.facts.get(expected, expected))
    said = observation.fact("certificate_serial")
    return equal(*(None if one is None else one.lower().lstrip("0") for one in (wanted, said)))


def _tls_version(expected: str, observation: Observation) -> str | None:
    said = observation.fact("tls_version")
    return equal(str(expected).lower().removeprefix("tls").lstrip("v "),
                 None if said is None else said.removeprefix("TLSv"))  # fmt: skip


def _labels(expected: dict[str, str], observation: Observation) -> str | None:
    return equal(expected, {name: observation.fact(f"label_{name}") for name in expected})


def _captured(expected: dict[str, Any] | None, observation: Observation) -> str | None:
    evidence = observation.result.evidence if observation.result is not None else None
    if expected is None or evidence is None:
        same = expected is None and evidence is None
        return None if same else f"expected {expected}, got {evidence}"
    body = evidence.body or ""
    if "length" in expected:
        low, high = expected["length"]
        return within(low, high, len(body))
    return equal(expected, {"body": body, "headers": dict(evidence.headers)})


def _saved(expected: str, observation: Observation) -> str | None:
    """The body that was kept, in Kuma's words for one that was cut."""
    evidence = observation.result.evidence if observation.result is not None else None
    if evidence is None:
        return "nothing was kept"
    cut = "... (truncated)" if evidence.truncated else ""
    return equal(expected, f"{evidence.body}{cut}")


def _rtt(_: str, observation: Observation) -> str | None:
    rtt = observation.fact("rtt_avg_ms")
    return None if isinstance(rtt, int | float) and rtt > 0 else f"it is {rtt}"


def _reply_ttl(_: str, observation: Observation) -> str | None:
    return None if isinstance(observation.fact("reply_ttl"), int) else "it is not told"


def _alert(expected: str, observation: Observation) -> str | None:
    return equal(expected, observation.fact("tls_alert"))


def _same_result(expected: bool, observation: Observation) -> str | None:
    """A check is known by its monitor, region and slot."""
    return equal(expected, len({(r.monitor_id, r.slot) for r in observation.results}) == 1)


def _disallowed(expected: bool, observation: Observation) -> str | None:
    result = observation.result
    by_robots = "robots.txt" in ((result.message if result else None) or "")
    refused = result is not None and result.reason is Reason.FORBIDDEN_TARGET and by_robots
    return equal(expected, refused)


def _verdict(expected: str, observation: Observation) -> str | None:
    refused = _disallowed(expected=True, observation=observation) is None
    outcome = observation.result.outcome.value if observation.result is not None else None
    return equal(expected, "disallowed" if refused else outcome)


COMPARISONS: dict[str, Comparison] = {
    "http_status": _fact("status"),
    "http_version": _fact("http_version"),
    "redirects": _fact("redirects"),
    "hops": _hops,
    "rcode": _fact("rcode"),
    "soa_serial": _fact("serial"),
    "content_length": _content_length,
    "body_length": _body_length,
    "tls": _tls,
    "tls_version": _or_none("tls_version", _tls_version),
    "ip_version": _ip_version,
    "phases": _phases,
    "phases_absent": _phases_absent,
    "record_counts": _record_counts,
    "query_succeeded": _answered,
    "cert_expiry": _or_none("certificate_expires_at", _expiry),
    "best_chain_expiry": _or_none("chain_expires_at", _expiry),
    "cert_serial": _or_none("certificate_serial", _serial),
    "labels": _labels,
    "captured": _captured,
    "saved_response": _saved,
    "rtt": _rtt,
    "reply_ttl": _reply_ttl,
    "alert": _alert,
    "same_result_id": _same_result,
    "disallowed": _disallowed,
    "verdict": _verdict,
}
