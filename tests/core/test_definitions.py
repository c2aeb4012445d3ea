"""What people may write: monitors and channels, and what they are told when it is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from vedette.core.channel import ChannelSpec, EmailConfig, WebhookConfig, signing_key
from vedette.core.kinds import parse_monitor
from vedette.core.monitor import ProbedSpec

CHANNEL: TypeAdapter[Any] = TypeAdapter(ChannelSpec)


def a_monitor(**fields: Any) -> dict[str, Any]:
    return {"name": "Shop", "kind": "http", "target": {"url": "https://shop.example/"}, **fields}


def wrong(definition: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ValidationError) as refused:
        parse_monitor(definition)
    return {".".join(map(str, e["loc"])): e["msg"] for e in refused.value.errors()}


def test_a_name_a_kind_and_a_url_are_enough() -> None:
    monitor = parse_monitor(a_monitor())
    assert isinstance(monitor, ProbedSpec)
    assert (monitor.interval_s, monitor.timeout_s, monitor.regions) == (60, 10, ["default"])
    assert (monitor.failure_threshold, monitor.recovery_threshold) == (2, 1)


def test_every_wrong_field_is_named() -> None:
    found = wrong(a_monitor(interval_s=4, timeout_s=0, regions=["EU"], nonsense=1))
    assert set(found) == {"interval_s", "timeout_s", "regions.0", "nonsense"}


def test_an_unknown_kind_is_told_which_there_are() -> None:
    assert "http" in wrong(a_monitor(kind="htttp"))["kind"]
    assert set(wrong({"name": "x"})) == {"kind"}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("shop.example", "https://shop.example"),
        ("ftp://shop.example", "http:// or https://"),
        ("http://", "names no host"),
        ("http://shop.example:99999/", "not a URL"),
        ("http://shop.example/a b", "%20"),
    ],
)
def test_a_wrong_url_is_told_what_would_be_right(url: str, says: str) -> None:
    assert says in wrong(a_monitor(target={"url": url}))["target.url"]


def test_headers_cannot_smuggle() -> None:
    target = {"url": "http://a.example/", "headers": {"x": "a\r\nb: c"}}
    assert set(wrong(a_monitor(target=target))) == {"target.headers"}


def test_repeated_tags_and_channels_count_once() -> None:
    assert parse_monitor(a_monitor(tags=["a", "b", "a"])).tags == ["a", "b"]


def test_the_summary_of_a_target_holds_no_secret() -> None:
    target = {"url": "https://user:password@shop.example/path?token=secret"}
    assert parse_monitor(a_monitor(target=target)).target.summary() == (
        "GET https://shop.example/path"
    )


def test_degraded_comes_before_the_timeout() -> None:
    assert wrong(a_monitor(timeout_s=2, degraded_after_ms=2000))


def test_a_revision_is_about_what_is_probed() -> None:
    one, two = parse_monitor(a_monitor()), parse_monitor(a_monitor(name="Other", interval_s=30))
    assert one.probed() == two.probed()
    assert one.probed() != parse_monitor(a_monitor(timeout_s=3)).probed()


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("email", {"to": []}),
        ("email", {"to": ["no address"]}),
        ("email", {"to": ["a@example.org\r\nBcc: b@example.org"]}),
        ("sms", {"to": ["0151 123456"]}),
        ("webhook", {"url": "mailto:a@example.org", "secret": "long enough a secret"}),
        ("webhook", {"url": "https://a.example/", "secret": "short"}),
        ("webhook", {"url": "https://a.example/", "secret": "whsec_c2hvcnQ="}),
        ("webhook", {"url": "https://a.example/", "secret": "********"}),
        ("pigeon", {}),
    ],
)
def test_a_wrong_channel_is_refused(kind: str, config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CHANNEL.validate_python({"name": "x", "kind": kind, "config": config})


def test_secrets_are_not_shown() -> None:
    config = WebhookConfig(url="https://a.example/", secret="a very secret secret")
    assert "secret secret" not in str(config.redacted())
    shown = EmailConfig(to=["a@example.org"]).redacted()
    assert shown == {"to": ["a@example.org"], "tell_resolved": True}


def test_a_signing_key_is_base64_behind_its_prefix_and_text_without() -> None:
    assert signing_key("whsec_" + "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0") == b"123456789012345678901234"
    assert signing_key("a plain text secret") == b"a plain text secret"
