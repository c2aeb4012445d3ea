"""Kinds tcp and tls: a port, a dialogue, a handshake."""

import re
from typing import Any

from tests.conformance.mapping import network
from tests.conformance.mapping.reading import NotExpressible, Reading

from vedette.core.kinds import kinds

Part = dict[str, Any]
# `$1`, which the sources also take for `${1}`.
_BARE_REFERENCE = re.compile(r"\$(\w+)")
_BANNER_S = 1


def define(reading: Reading) -> Part:
    """The definition: of kind tls if the handshake is all there is, else tcp."""
    kind = reading.get("type", reading.kind)
    if kind not in {"tcp", "tls", "starttls", "ssh"}:
        raise NotExpressible(f"type {kind}")
    steps = steps_of(reading) + _said(reading) + _banner(kind)
    secure = kind in {"tls", "starttls"} or reading.under("tls").get("enabled", False)
    ours = "tls" if secure and not steps else "tcp"
    target = _endpoint(ours, reading) | network.addresses(reading) | network.resolver(reading)
    options = network.tls_options(reading)
    if secure or options or any(step.get("starttls") for step in steps):
        target["tls"] = options
    protocol = reading.get("protocol", "smtp")
    if kind == "starttls":
        target["starttls"] = protocol
    if steps:
        target["steps"] = steps
    if "query_response" in reading:
        target["line_ending"] = "\n"
    return _definition(ours, target, reading, kind)


def _definition(ours: str, target: Part, reading: Reading, kind: str) -> Part:
    definition: Part = {"kind": ours, "target": target} | network.timeout(reading)
    if kind == "ssh":
        definition["timeout_s"] = _BANNER_S
    definition["assertions"] = network.conditions(reading)
    return definition | network.expects_failure(reading)


def _endpoint(kind: str, reading: Reading) -> Part:
    """Host and port, read from `host:port` as `vedette check` reads it."""
    model: Any = kinds()[kind].model_fields["target"].annotation
    place: Part = model.in_short(str(reading.get("target", "127.0.0.1:1")))
    return place


def steps_of(reading: Reading) -> list[Part]:
    """The steps of a dialogue."""
    return [_step(dict(step)) for step in reading.get("query_response", [])]


def _step(given: Part) -> Part:
    step: Part = {
        key: given.pop(key) for key in ("expect", "expect_bytes", "starttls") if key in given
    }
    if "send" in given:
        step["send"] = _referring(given.pop("send"))
    if "labels" in given:
        step["labels"] = {name: _referring(text) for name, text in given.pop("labels").items()}
    if given:
        raise NotExpressible(f"query_response {', '.join(given)}")
    return step


def _referring(text: str) -> str:
    return _BARE_REFERENCE.sub(r"${\1}", text)


def _said(reading: Reading) -> list[Part]:
    """Bytes to send, and whatever is answered."""
    if "body" not in reading:
        return []
    return [{"send": reading.get("body")}, {"read": "some"}]


def _banner(kind: str) -> list[Part]:
    return [{"expect": "^SSH-"}] if kind == "ssh" else []
