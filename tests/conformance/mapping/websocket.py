"""Kind websocket."""

from typing import Any

from tests.conformance.mapping import network
from tests.conformance.mapping.reading import NotExpressible, Reading
from tests.conformance.mapping.streams import steps_of

Part = dict[str, Any]
# Reserved, and never sent (RFC 6455, section 7.4.1).
_NEVER = 1004


def define(reading: Reading) -> Part:
    """The definition of a record about a WebSocket."""
    target: Part = {"url": reading.get("url")} | reading.renamed(headers="headers")
    target |= network.credentials(reading)
    target |= network.addresses(reading) | network.resolver(reading)
    if "tls" in reading:
        target["tls"] = network.tls_options(reading)
    if "subprotocols" in reading:
        target["subprotocols"] = _subprotocols(reading.get("subprotocols"))
    if reading.get("ignore_accept_header", False):
        target["ignore_bad_accept"] = True
    if "valid_close_codes" in reading:
        target["close_codes"] = _codes(reading.get("valid_close_codes"))
    steps = steps_of(reading) + _said(reading)
    if any("starttls" in step for step in steps):
        raise NotExpressible("query_response starttls")
    if steps:
        target["steps"] = steps
    for key in ("capture_response", "repeat", "scheduled_at"):
        reading.get(key)  # how often, and what is kept: nothing of the definition
    definition: Part = {"kind": "websocket", "target": target} | network.timeout(reading)
    definition["assertions"] = network.conditions(reading)
    return definition | network.expects_failure(reading)


def _said(reading: Reading) -> list[Part]:
    """Something to send, and whatever is answered."""
    if "body" not in reading:
        return []
    return [{"send": reading.get("body")}, {"expect": ".*"}]


def _subprotocols(listed: str | list[str]) -> list[str]:
    """Kuma's list has commas, and blanks that do not matter."""
    names = listed.split(",") if isinstance(listed, str) else listed
    return ["".join(name.split()) for name in names]


def _codes(listed: list[str | int]) -> list[int]:
    """Codes and ranges of them; an empty one is none, which no target closes with."""
    codes: list[int] = []
    for code in listed:
        low, _, high = str(code).partition("-")
        if low.strip():
            codes += range(int(low), int(high or low) + 1)
    return codes or [_NEVER]
