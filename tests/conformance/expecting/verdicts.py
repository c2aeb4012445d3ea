"""Success, failure, validation, and what is said about them."""

import re
from typing import Any

from tests.conformance.expecting.comparing import Comparison, equal, within
from tests.conformance.expecting.failures import of_category
from tests.conformance.observation import Observation

from vedette.core.outcome import Outcome, Reason
from vedette.core.result import Result

# Fields of the sources, by what ours are called where an error names them.
_FIELDS = {
    "query_name": "name",
    "query_type": "type",
    "query_class": "class",
    "type": "kind",
    "regex": "regex|pattern|matches|expect",
    "bearer_token": "bearer|auth",
}
_SHOWN = re.compile(r" \((?P<value>[^()]*)\)")
# What Gatus calls invalid is nothing to us, or can't be read.
_INVALID = "nothing|null|not JSON|no body|can't"
_BESIDE = re.compile("the proxy|the token endpoint")
_DAY_MS = 86_400_000
_NO_ANSWER = re.compile(r"connect_|dns_|tls_|timeout|protocol_error|forbidden|internal")


def _success(expected: bool, observation: Observation) -> str | None:
    result = observation.result
    ours = result is not None and result.outcome in {Outcome.INTERNAL_ERROR, Outcome.MISSED}
    if ours and result is not None and not (expected is False and _configured(result)):
        return f"the check saw nothing: {result.reason} ({result.message})"
    if observation.success is expected:
        return None
    return f"expected {expected}, got {_in_short(observation)}"


def _configured(result: Result) -> bool:
    """Whether it is the fault of what was configured beside the target, which we call our own."""
    named = _BESIDE.search(result.message or "") is not None
    return named or result.reason is Reason.FORBIDDEN_TARGET


def _in_short(observation: Observation) -> str:
    if observation.refused:
        return f"a refusal: {observation.output}"
    result = observation.result
    if result is None:
        return f"{observation.success}"
    return f"{result.outcome} {result.reason or ''} ({result.message or ''})"


def _config_valid(expected: bool, observation: Observation) -> str | None:
    if observation.refused is not expected:
        return None
    return f"expected {expected}, {observation.output or 'it is accepted'}"


def _config_error_about(expected: str, observation: Observation) -> str | None:
    names = _FIELDS.get(expected, re.escape(expected))
    found = re.search(names, observation.output)
    return None if found else f"expected {expected}, got {observation.output!r}"


def _error_path(expected: list[int], observation: Observation) -> str | None:
    """Where in the tree: a negation has one child, and the list of assertions is its root."""
    problems = observation.problems or []
    return equal(expected, _indices(problems[0].location) if problems else None)


def _indices(location: tuple[int | str, ...]) -> list[int]:
    indices, before = [], None
    for part in location:
        if isinstance(part, int):
            indices.append(part)
        elif part == "not" and before != "not":
            indices.append(0)
        before = part
    return indices


def _duration(expected: list[float], observation: Observation) -> str | None:
    low, high = expected
    durations = [(result.duration_ms or 0) / 1000 for result in observation.results]
    return next(filter(None, (within(low, high, one) for one in durations)), None)


def _connected(expected: bool, observation: Observation) -> str | None:
    """Whether there was an answer to be judged."""
    result = observation.result
    none = result is None or _NO_ANSWER.match(result.reason or "")
    return equal(expected, not none)


def _display(expected: str, observation: Observation) -> str | None:
    """The wording is ours. What counts is that the value that was seen is told, if it failed."""
    shown = _SHOWN.search(expected)
    if shown is None:
        return _without_values(observation)
    message = observation.output
    if expected.startswith("has("):
        return None if _has(shown["value"], message) else f"expected {expected!r}, got {message!r}"
    if expected.upper().startswith("[CONNECTED]"):
        return _connected(shown["value"] == "true", observation)
    wanted = _INVALID if shown["value"] == "INVALID" else re.escape(shown["value"])
    if expected.upper().startswith("[CERTIFICATE_EXPIRATION]"):
        wanted = f"{int(shown['value']) / _DAY_MS:.1f} days"
    return None if re.search(wanted, message) else f"expected {expected!r}, got {message!r}"


def _without_values(observation: Observation) -> str | None:
    """What is to be told without values says nothing of what was seen."""
    hides = observation.spec is not None and observation.spec.detail != "full"
    return f"it tells {observation.output!r}" if hides and "saw" in observation.output else None


def _has(shown: str, message: str) -> bool:
    """Presence is told by what was seen, or that it was nothing."""
    return ("saw nothing" not in message) is (shown == "true") and "saw " in message


def _displays(expected: list[str], observation: Observation) -> str | None:
    if not expected:
        return _messages(0, observation)
    return next(filter(None, (_display(one, observation) for one in expected)), None)


def _messages(expected: int, observation: Observation) -> str | None:
    """How many messages there are besides the reasons."""
    return equal(expected, sum(result.message is not None for result in observation.results))


def _output_contains(expected: list[str], observation: Observation) -> str | None:
    absent = [text for text in expected if text not in observation.output]
    return f"{absent} is not in {observation.output!r}" if absent else None


def _output_lacks(expected: list[str], observation: Observation) -> str | None:
    there = [text for text in expected if text in observation.output]
    return f"{there} is in {observation.output!r}" if there else None


def _error_length(expected: int, observation: Observation) -> str | None:
    result = observation.result
    return within(0, expected, len((result.message if result is not None else None) or ""))


def _defaults(expected: dict[str, Any], observation: Observation) -> str | None:
    """Read back from a definition that leaves out what its source leaves out."""
    spec: Any = observation.spec
    own = {
        "method": spec.target.method,
        "interval_s": spec.interval_s,
        "timeout_s": type(spec).model_fields["timeout_s"].default,
        "follow_redirects": spec.target.follow_redirects,
        "tls_verify": spec.target.tls.verify,
        "failure_threshold": spec.failure_threshold,
        "success_threshold": spec.recovery_threshold,
    }
    wrong = {name: own.get(name) for name in expected if own.get(name) != expected[name]}
    return f"ours are {wrong}" if wrong else None


def _failed_part(expected: dict[str, Any], observation: Observation) -> str | None:
    """The message names what the part that failed looks at."""
    message = (observation.result.message if observation.result is not None else None) or ""
    absent = [name for name in _looked_at(expected) if name not in message]
    return f"{absent} is not in {message!r}" if absent else None


def _looked_at(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for child in node for name in _looked_at(child)]
    if not isinstance(node, dict):
        return []
    own = [str(node[key]) for key in ("header", "header_glob", "json") if key in node]
    return own + _looked_at([node[key] for key in ("and", "or", "not") if key in node])


COMPARISONS: dict[str, Comparison] = {
    "success": _success,
    "failure": of_category,
    "config_valid": _config_valid,
    "config_error_about": _config_error_about,
    "error_path": _error_path,
    "duration_s": _duration,
    "connected": _connected,
    "display": _display,
    "displays": _displays,
    "errors": _messages,
    "output_contains": _output_contains,
    "output_lacks": _output_lacks,
    "error_length_max": _error_length,
    "defaults": _defaults,
    "failed_part": _failed_part,
}
