"""Definitions of HTTP targets: which are refused, and in which words."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from vedette.core.kinds.http import HttpMonitor, HttpTarget

NTLM = {"scheme": "ntlm", "username": "u", "password": "hunter-five"}
HTTP3 = {"url": "https://a.example/", "http_version": "3"}


def refusal(**target: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        HttpTarget.model_validate({"url": "http://a.example/", **target})
    return "; ".join(error["msg"] for error in refused.value.errors())


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"url": "a.example"}, "did you mean https://a.example"),
        ({"url": "ftp://a.example/"}, "not ftp://"),
        ({"method": "GE T"}, "is not a method"),
        ({"method": "get"}, "did you mean GET"),
        ({"body": "a", "json": {}}, "one body"),
        ({"body_base64": "ä"}, "not base64"),
        ({"json": "x" * 70_000}, "65536 characters"),
        ({"json": float("nan")}, "no JSON"),
        ({"http_version": "2"}, "2-prior-knowledge"),
        ({"http_version": "4"}, "Input should be"),
        ({"http_version": "3"}, "needs an https URL"),
        ({"http_versions": ["3"]}, "needs http_version 3"),
        (HTTP3 | {"http_versions": ["1.1", "2"]}, "contradicts http_versions"),
        (HTTP3 | {"proxy": {"url": "http://a:1"}}, "no proxy passes on"),
        (HTTP3 | {"tls": {"max_version": "1.2"}}, "needs TLS 1.3"),
        ({"auth": {"scheme": "bearer", "token": "a\r\nb"}}, "pattern"),
        ({"auth": {"scheme": "bearer", "token": " "}}, "a token of blanks alone is none"),
        ({"auth": {"scheme": "magic"}}, "magic"),
        ({"auth": {"scheme": "ntlm"}}, "Field required"),
        ({"auth": NTLM, "http_version": "2-prior-knowledge"}, "needs HTTP/1.1"),
        ({"auth": NTLM, "http_versions": ["2"]}, "needs HTTP/1.1"),
        (HTTP3 | {"auth": NTLM}, "needs HTTP/1.1"),
        ({"proxy": {"url": "ftp://a:1"}}, "begins with one of http"),
        ({"proxy": {"url": "http://u:p@a:1"}}, "as `username` and `password`"),
        ({"proxy": {"url": "http://a:1/path"}}, "no path"),
        ({"proxy": {"url": "http://a:1", "password": "p"}}, "needs a username"),
        ({"proxy": {"url": "socks5://a:1", "resolve_locally": True}}, "socks4a and socks5h"),
        ({"proxy": {"url": "http://a:1"}, "resolver": "192.0.2.1"}, "leaves resolving to us"),
        ({"resolver": "a.example"}, "is not an address"),
        ({"resolver": "192.0.2.1:99999"}, "1 to 65535"),
        ({"resolve_to": "a.example"}, "IPv4 or IPv6"),
        ({"url": "http://[::1]/", "ip_protocol": "ip4"}, "but ::1 is given"),
        ({"resolve_to": "192.0.2.1", "ip_protocol": "ip6"}, "but 192.0.2.1 is given"),
        ({"compression": "gzip", "headers": {"accept-encoding": "br"}}, "not allow gzip"),
        ({"compression": "gzip", "headers": {"Accept-Encoding": "gzip;q=0, *"}}, "not allow gzip"),
        ({"fail_if_larger": True, "read_body": False}, "needs read_body"),
        (
            {"tls": {"ca": "-----BEGIN CERTIFICATE-----\nnope\n-----END CERTIFICATE-----"}},
            "cut off",
        ),
    ],
)
def test_what_is_refused(target: dict[str, Any], words: str) -> None:
    assert words in refusal(**target)


@pytest.mark.parametrize(
    "target",
    [
        {"method": "PURGE"},
        {"auth": NTLM, "http_versions": ["1.1", "2"]},
        HTTP3 | {"http_versions": ["3"]},
        {"http_versions": ["2", "3"]},
        {"compression": "gzip", "headers": {"Accept-Encoding": "br, gzip;q=0.5"}},
        {"compression": "gzip", "headers": {"Accept-Encoding": "*"}},
        {"url": "http://[::1]/", "ip_protocol": "prefer_ip4"},
        {"proxy": {"url": "socks5://a:1"}, "resolver": "[2001:db8::1]:5353"},
        {"json": [1, {"a": None}]},
    ],
)
def test_what_is_not(target: dict[str, Any]) -> None:
    made = HttpTarget.model_validate({"url": "http://a.example/", **target})
    again = made.model_dump(mode="json", by_alias=True)
    assert HttpTarget.model_validate(json.loads(json.dumps(again))) == made


def test_secrets_are_not_shown_by_accident() -> None:
    secrets = {
        "auth": {"scheme": "basic", "username": "u", "password": "hunter-two"},
        "proxy": {"url": "http://a:1", "username": "u", "password": "hunter-three"},
    }
    target = HttpTarget.model_validate({"url": "http://u:hunter-four@a.example/", **secrets})
    assert "hunter-four" not in target.summary()
    assert "hunter-two" not in repr(target.auth)
    assert "hunter-three" not in repr(target.proxy)
    assert "hunter-five" not in repr(HttpTarget.model_validate({"url": "http://a/", "auth": NTLM}))


def test_an_assertion_on_a_body_that_is_not_read_is_refused() -> None:
    assertion = {"subject": "body", "operator": "contains", "value": "ok"}
    definition = {
        "name": "a",
        "target": {"url": "http://a.example/", "read_body": False},
        "assertions": [assertion],
    }
    with pytest.raises(ValidationError, match="read_body"):
        HttpMonitor.model_validate(definition)
