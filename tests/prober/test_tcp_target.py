"""The definitions of the kinds tcp and tls: what is refused, and in which words."""

import re
from typing import Any

import pytest
from pydantic import ValidationError
from tests.prober.talking import Maker

from vedette.core.kinds import parse_monitor
from vedette.core.kinds.tcp import TcpTarget
from vedette.core.kinds.tls import TlsTarget
from vedette.core.tls import TlsOptions
from vedette.prober.probes.tls import TlsProbe

HERE: dict[str, Any] = {"host": "a.example", "port": 25}
CLIENT = Maker().make("client")
PAIR = {"client_certificate": CLIENT.pem, "client_key": CLIENT.key_pem}


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"host": "a.example"}, "port"),
        ({"host": "a.example", "port": 0}, "port"),
        ({"host": "a.example:25", "port": 25}, "did you mean host a.example, port 25?"),
        ({"host": "tcp://a.example", "port": 25}, "no URL"),
        ({"host": "a..example", "port": 25}, "host name"),
        ({"host": "a example", "port": 25}, "host name"),
        ({"host": "127.0.0.1", "port": 25, "ip_protocol": "ip6"}, "ip_protocol"),
        ({**HERE, "resolver": "ns.example"}, "resolver"),
        ({**HERE, "steps": [{"expect": ":["}]}, "regex"),
        ({**HERE, "steps": [{"expect": "a", "expect_bytes": "a"}]}, "expect or expect_bytes"),
        ({**HERE, "steps": [{"expect": "a", "read": "some"}]}, "not both"),
        ({**HERE, "steps": [{}]}, "does something"),
        ({**HERE, "steps": [{"read": "end", "labels": {"a": "b"}}]}, "labels"),
        ({**HERE, "steps": [{"expect": "(a)", "send": "${2}"}]}, "step 1"),
        ({**HERE, "steps": [{"expect": "(a)"}, {"send": "${name}"}]}, "step 2"),
        ({**HERE, "steps": [{"send": {"base64": "###"}}]}, "base64"),
        ({**HERE, "steps": [{"starttls": True}], "starttls": "smtp"}, "once"),
    ],
)
def test_refused_targets(target: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=r"[\s\S]*") as refusal:
        TcpTarget.model_validate(target)
    assert re.search(words, str(refusal.value))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ca": "garbage"}, "holds no certificate"),
        ({"ca": CLIENT.pem.replace("M", "?", 1)}, "holds no certificate"),
        # Which of the two is noticed depends on the key, which is new in each run.
        ({"ca": CLIENT.pem[:100] + CLIENT.pem[151:]}, "base64|cut off"),
        ({"ca": CLIENT.pem.replace(CLIENT.pem[100:165], "\n")}, "cut off"),
        ({"client_certificate": CLIENT.pem}, "go together"),
        ({"client_key": CLIENT.key_pem}, "go together"),
        ({**PAIR, "client_key": CLIENT.pem}, "holds no private key"),
        ({**PAIR, "client_certificate": "garbage"}, "holds no certificate"),
        ({**PAIR, "client_key": ""}, "holds no private key"),
        ({"min_version": "1.3", "max_version": "1.2"}, "newer"),
        ({"server_name": "a b"}, "host name"),
        ({"expect_alert": "nonsense"}, "expect_alert"),
    ],
)
def test_refused_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TlsTarget.model_validate({"host": "a.example", "tls": options})
    assert re.search(words, str(refusal.value))


@pytest.mark.parametrize("text", ["", "zz", "ab" * 20])
def test_refused_fingerprints(text: str) -> None:
    with pytest.raises(ValidationError, match="64 hexadecimal"):
        TlsTarget(host="a.example", fingerprints=[text])


def test_a_protocol_needs_its_port() -> None:
    with pytest.raises(ValidationError, match="speaks smtp"):
        TlsTarget(host="a.example", starttls="smtp")
    again = TlsTarget(host="a.example", starttls="smtp", port=25).model_dump(mode="json")
    assert TlsTarget.model_validate(again).port == 25


def test_a_key_of_another_certificate_is_noticed_when_it_is_made_ready() -> None:
    other = Maker().make("other")
    options = {"client_certificate": CLIENT.pem, "client_key": other.key_pem}
    target = TlsTarget.model_validate({"host": "a.example", "tls": options})
    with pytest.raises(ValueError, match="can't be used"):
        TlsProbe(target)


def test_definitions_survive_the_way_to_a_prober() -> None:
    steps = [{"expect": "^220 (.*)", "send": {"base64": "AA=="}, "labels": {"name": "${1}"}}]
    target = {**HERE, "host": "[2001:db8::1]", "tls": PAIR, "steps": steps}
    spec = parse_monitor({"name": "mail", "kind": "tcp", "target": target})
    assert TcpTarget.model_validate(spec.probed()["target"]) == spec.target
    assert spec.target.summary() == "TCP [2001:db8::1]:25"


def test_options_are_plain_by_default() -> None:
    assert TlsOptions() == TlsOptions(verify=True, min_version="1.2")


def test_international_names() -> None:
    assert TlsProbe(TlsTarget(host="bücher.example")).host == "xn--bcher-kva.example"
