"""The definitions of kind websocket: what is refused, and in which words."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from vedette.core.kinds import parse_monitor
from vedette.core.kinds.websocket import WebSocketTarget
from vedette.core.redaction import redacted
from vedette.prober.probes.websocket import WebSocketProbe

URL = {"url": "wss://a.example/live"}


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (
            {"url": "https://a.example"},
            "starts with ws:// or wss://, not https://; that is a target of kind http",
        ),
        ({"url": "a.example"}, "did you mean wss://a.example ?"),
        ({"url": "ws:///x"}, "names no host"),
        ({"url": "ws://a..example/"}, "host name"),
        ({"url": "ws://a.example/#x"}, "no fragment"),
        ({"url": "ws://127.0.0.1/", "ip_protocol": "ip6"}, "ip_protocol"),
        ({**URL, "resolver": "ns.example"}, "resolver"),
        ({**URL, "headers": {"Sec-WebSocket-Protocol": "a"}}, "field subprotocols"),
        ({**URL, "headers": {"Connection": "close"}}, "handshake's own"),
        ({**URL, "headers": {"a b": "c"}}, "not a header name"),
        ({**URL, "headers": {"a": "c\r\nd: e"}}, "line break"),
        ({**URL, "subprotocols": ["a b"]}, "no name of a subprotocol"),
        ({**URL, "subprotocols": [""]}, "no name of a subprotocol"),
        ({**URL, "subprotocols": ["a", "a"]}, "offered once"),
        ({**URL, "auth": {"scheme": "digest", "username": "a"}}, "auth"),
        ({**URL, "close_codes": [200]}, "close_codes"),
        ({**URL, "steps": [{"expect": "a", "expect_bytes": "a"}]}, "not both"),
        ({**URL, "steps": [{}]}, "does something"),
        ({**URL, "steps": [{"send": "a", "skip_others": True}]}, "skip_others needs"),
        ({**URL, "steps": [{"expect": ":["}]}, "regex"),
        ({**URL, "steps": [{"send": "${1}"}]}, "step 1"),
        ({**URL, "steps": [{"expect": "a", "read": "some"}]}, "read"),
    ],
)
def test_refused_targets(target: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        WebSocketTarget.model_validate(target)
    assert re.search(re.escape(words), str(refusal.value)), refusal.value


def test_definitions_survive_the_way_to_a_prober_and_secrets_are_hidden() -> None:
    target = {
        "url": "wss://a:b@a.example/live?token=x",
        "auth": {"scheme": "bearer", "token": "secret"},
        "steps": [{"send": {"base64": "AA=="}}, {"expect": "(a)", "labels": {"a": "${1}"}}],
    }
    spec = parse_monitor({"name": "live", "kind": "websocket", "target": target})
    assert WebSocketTarget.model_validate(spec.probed(compact=True)["target"]) == spec.target
    assert spec.target.summary() == "WebSocket wss://a.example/live"
    assert "secret" not in str(redacted(spec))
    assert "secret" not in repr(spec)


def test_names_in_any_letters() -> None:
    probe = WebSocketProbe(WebSocketTarget(url="wss://b\u00fccher.example/\u00fc?q=\u00e9"))
    assert probe.host == "xn--bcher-kva.example"
