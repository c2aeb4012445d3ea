"""What a dns target may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from vedette.core.kinds import parse_monitor
from vedette.core.kinds.dns import DnsTarget, Server


def a_target(**fields: Any) -> DnsTarget:
    return DnsTarget.model_validate({"name": "a.example", **fields})


def test_little_is_needed() -> None:
    monitor = parse_monitor({"kind": "dns", "name": "Zone", "target": {"name": "a.example"}})
    assert isinstance(monitor.target, DnsTarget)
    assert monitor.target.servers() is None
    assert monitor.target.summary() == "DNS A a.example"
    assert monitor.probed()["target"]["class"] == "IN"


@pytest.mark.parametrize(
    ("given", "transport", "servers"),
    [
        ("192.0.2.1", "udp", [Server("192.0.2.1", 53)]),
        ("192.0.2.1:5353", "tcp", [Server("192.0.2.1", 5353)]),
        ("2001:DB8::1", "udp", [Server("2001:db8::1", 53)]),
        ("[2001:db8::1]:5353", "udp", [Server("2001:db8::1", 5353)]),
        ("ns.example", "tls", [Server("ns.example", 853)]),
        ("ns.example.", "tls", [Server("ns.example.", 853)]),
        ("bücher.example", "udp", [Server("xn--bcher-kva.example", 53)]),
        (" 127.0.0.1 , ,127.0.0.1:54", "udp", [Server("127.0.0.1", 53), Server("127.0.0.1", 54)]),
        ("127.0.0.1,127.0.0.1:53", "udp", [Server("127.0.0.1", 53)]),
        ("ns.example:8443", "https", [Server("ns.example", 8443, "/dns-query")]),
        ("https://Ns.example/q", "https", [Server("ns.example", 443, "/q")]),
        ("https://[2001:db8::1]:444", "https", [Server("2001:db8::1", 444, "/dns-query")]),
    ],
)
def test_servers(given: str, transport: str, servers: list[Server]) -> None:
    assert a_target(server=given, transport=transport).servers() == servers


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("server", {"server": ""}),
        ("server", {"server": " , "}),
        ("server", {"server": "127.1"}),
        ("server", {"server": "."}),
        ("server", {"server": "ns.example:0"}),
        ("server", {"server": "ns.example:"}),
        ("server", {"server": "ns.example:65536"}),
        ("server", {"server": "[2001:db8::1"}),
        ("server", {"server": "[2001:db8::1]5"}),
        ("server", {"server": "https://ns.example/"}),
        ("server", {"server": "1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5"}),
        ("server", {"transport": "tls"}),
        ("server", {"transport": "https", "server": "http://ns.example/"}),
        ("server", {"transport": "https", "server": "https://me@ns.example/"}),
        ("server", {"transport": "https", "server": "https://ns.example/?q"}),
        ("server", {"transport": "https", "server": "https://ns.example/ä"}),
        ("transport", {"transport": "quic"}),
        ("name", {"name": ""}),
        ("name", {"name": "a..example"}),
        ("name", {"name": "a example"}),
        ("name", {"name": "a" * 64}),
        ("name", {"name": "abcdefgh." * 29}),
        ("name", {"name": "http://a.example"}),
        ("name", {"name": "2001:db8::1"}),
        ("type", {"type": "X"}),
        ("class", {"class": "X"}),
        ("rcodes.0", {"rcodes": ["NOT_A_CODE"]}),
        ("answers.regex", {"answers": {"regex": "("}}),
        ("validate_answer.fail_if_matches.0", {"validate_answer": {"fail_if_matches": ["("]}}),
        ("", {"serial": {"at_least": 1}}),
        ("", {"tls": {"verify": False}}),
        ("invalid_extra_field", {"invalid_extra_field": 1}),
    ],
)
def test_what_is_refused(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        a_target(**fields)
    assert [".".join(map(str, error["loc"])) for error in refusal.value.errors()] == [field]


@pytest.mark.parametrize(
    ("type_", "name", "question"),
    [
        ("A", "a.example", "a.example."),
        ("A", "a.example.", "a.example."),
        ("NS", ".", "."),
        ("SRV", "_sip._tcp.a.example", "_sip._tcp.a.example."),
        ("A", "straße.example", "xn--strae-oqa.example."),
        ("A", "192.0.2.1", "192.0.2.1."),
        ("PTR", "192.0.2.1", "1.2.0.192.in-addr.arpa."),
        ("PTR", "1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa."),
        ("PTR", "0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa."),
        ("PTR", "2001:db8::1", "1" + ".0" * 23 + ".8.b.d.0.1.0.0.2.ip6.arpa."),
    ],
)
def test_questions(type_: str, name: str, question: str) -> None:
    assert a_target(type=type_, name=name).question() == question


def test_letters_of_types_and_classes_and_codes_may_be_small() -> None:
    target = a_target(type="mx", **{"class": "ch"}, rcodes=["nxdomain"])
    assert (target.type, target.class_, target.rcodes) == ("MX", "CH", ["NXDOMAIN"])
