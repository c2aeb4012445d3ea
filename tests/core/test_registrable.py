"""Which part of a name somebody has registered."""

import pytest
from pydantic import ValidationError

from vedette.core.kinds import parse_monitor
from vedette.core.kinds.domain import DomainMonitor
from vedette.core.registrable import domain_of, registrable


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.example.com/path?q=1", "example.com"),
        ("https://api.staging.example.com:8443/v1", "example.com"),
        ("https://user:secret@shop.example.co.uk/", "example.co.uk"),
        ("registro.com.br", "registro.com.br"),
        ("mail.example.org:25", "example.org"),
        ("WWW.Example.ORG.", "example.org"),
        ("_dmarc.example.com", "example.com"),
        ("www.bücher.de", "xn--bcher-kva.de"),
        ("www.xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("somebody.github.io", "github.io"),
        ("city.kawasaki.jp", "city.kawasaki.jp"),
        ("x.kawasaki.jp", None),
        ("co.uk", None),
        ("com", None),
        ("https://example.local", None),
        ("https://localhost:8080/", None),
        ("https://192.0.2.1/", None),
        ("https://[2001:db8::1]/", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_the_domain_of_a_url_or_host(text: str, domain: str | None) -> None:
    assert domain_of(text) == domain


def test_a_host_is_taken_as_it_is() -> None:
    assert registrable("a.b.example.com") == "example.com"
    assert registrable("-a.example..com") is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("www.example.org", "did you mean example.org?"),
        ("https://www.example.org/x", "did you mean example.org?"),
        ("https://example.org", "did you mean example.org?"),
        ("example.org:443", "did you mean example.org?"),
        ("co.uk", "what domains are registered under"),
        ("192.0.2.1", "is an address"),
        ("example.local", "not a domain that a registry knows"),
        ("two words.org", "not a domain that a registry knows"),
        ("", "not a domain that a registry knows"),
    ],
)
def test_a_target_is_a_registered_domain(name: str, why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        parse_monitor({"name": "d", "kind": "domain", "target": {"name": name}})
    (error,) = refused.value.errors()
    assert error["loc"] == ("target", "name")
    assert why in error["msg"]


def test_a_domain_of_any_letters_is_kept_in_ascii() -> None:
    spec = parse_monitor({"name": "d", "kind": "domain", "target": {"name": "Bücher.DE."}})
    assert spec.target.summary() == "domain xn--bcher-kva.de"
    assert isinstance(spec, DomainMonitor)
    assert spec.interval_s == 21_600


def test_registrations_are_not_looked_at_all_the_time() -> None:
    target = {"name": "example.org"}
    with pytest.raises(ValidationError, match="interval_s"):
        parse_monitor({"name": "d", "kind": "domain", "target": target, "interval_s": 299})
    definition = {
        "name": "w",
        "kind": "http",
        "target": {"url": "https://example.org/"},
        "assertions": ["[DOMAIN_EXPIRATION] > 720h"],
    }
    with pytest.raises(ValidationError, match=r"interval_s.* at least 300 seconds"):
        parse_monitor(definition)
    parse_monitor(definition | {"interval_s": 300})
    with pytest.raises(ValidationError, match=r"at least 300 seconds"):
        parse_monitor(
            definition | {"assertions": [], "degraded_assertions": ["domain days_left > 30d"]}
        )
