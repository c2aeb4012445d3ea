"""What the server saw of the prober."""

from typing import Any

from tests.conformance.expecting.comparing import Comparison
from tests.conformance.observation import Observation

_OURS = "vedette"


def _saw(expected: dict[str, Any], observation: Observation) -> str | None:
    count = _matching(expected, observation)
    wanted = expected.get("count")
    if count == wanted or (wanted is None and count):
        return None
    return f"expected {expected}, it saw {count} like that: {_all(observation)}"


def _saw_nothing(expected: dict[str, Any], observation: Observation) -> str | None:
    count = _matching(expected, observation)
    return f"expected none of {expected}, it saw {count}" if count else None


def _matching(expected: dict[str, Any], observation: Observation) -> int:
    filters = {key: value for key, value in expected.items() if key != "count"}
    if "sni" in filters:
        return sum(name == filters["sni"] for name in observation.server.sni)
    if "dialogue_finished" in filters:
        done = filters["dialogue_finished"]
        return sum(one.get("finished") is done for one in observation.server.sessions)
    return sum(_fits(seen, filters) for seen in _all(observation))


def _all(observation: Observation) -> list[dict[str, Any]]:
    server = observation.server
    return [*server.requests, *server.queries] if server is not None else []


def _fits(seen: dict[str, Any], filters: dict[str, Any]) -> bool:
    return all(_one(seen, key, value) for key, value in filters.items())


def _one(seen: dict[str, Any], key: str, value: Any) -> bool:
    if key == "user_agent" and value == "product":
        return any(k.lower() == "user-agent" and _OURS in v.lower() for k, v in seen["headers"])
    return bool(seen.get(key) == value)


COMPARISONS: dict[str, Comparison] = {"server_saw": _saw, "server_not_saw": _saw_nothing}
