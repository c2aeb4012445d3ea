"""Which addresses may be checked."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vedette.core.outcome import Outcome, Reason
from vedette.prober.domain import Expectation, Seen, Trouble, judge
from vedette.prober.guard import Guard
from vedette.prober.settings import ProberSettings

INTERNAL = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "::1",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "240.0.0.1",
    "169.254.1.1",
    "169.254.169.254",
    "168.63.129.16",
    "224.0.0.251",
    "255.255.255.255",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456:789a:1::1",
    "fd00:ec2::254",
    "ff02::1",
]
IN_DISGUISE = [
    "::ffff:127.0.0.1",
    "::ffff:0.0.0.0",
    "::ffff:a9fe:a9fe",
    "::10.0.0.1",
    "::ffff:0:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "2001:0:7f00:1::",
    "2001:0:808:808:0:0:80ff:fffe",  # the client's address is inverted: 127.0.0.1
]
PUBLIC = [
    "8.8.8.8",
    "172.15.255.255",
    "172.32.0.1",
    "100.128.0.1",
    "126.255.255.255",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("ip", INTERNAL + IN_DISGUISE)
def test_all_that_is_internal_is_forbidden(ip: str) -> None:
    refusal = Guard("all-internal").check(ip)
    assert refusal is not None
    assert refusal.reason is Reason.FORBIDDEN_TARGET
    assert ip in refusal.message
    assert "VEDETTE_PROBER_FORBIDDEN" in refusal.message


@pytest.mark.parametrize("ip", PUBLIC)
def test_what_is_public_is_not(ip: str) -> None:
    assert Guard("all-internal").check(ip) is None


@pytest.mark.parametrize("listed", ["", "none", " , "])
def test_an_open_guard_lets_everything_pass(listed: str) -> None:
    guard = Guard(listed)
    assert guard.open
    assert all(guard.check(ip) is None for ip in INTERNAL + IN_DISGUISE + PUBLIC)


@pytest.mark.parametrize(
    ("word", "hit", "spared"),
    [
        ("loopback", "127.0.0.1", "10.0.0.1"),
        ("link-local", "fe80::1", "fd00::1"),
        ("private", "10.0.0.1", "127.0.0.1"),
        ("metadata", "169.254.169.254", "169.254.1.1"),
        ("multicast", "ff02::1", "fe80::1"),
        ("192.0.2.0/25", "192.0.2.127", "192.0.2.128"),
        ("2001:db8::/32", "2001:db8::1", "2001:db9::1"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
    ],
)
def test_each_word_and_network_forbids_its_own(word: str, hit: str, spared: str) -> None:
    guard = Guard(f" {word.upper()} ,")
    assert guard.check(hit) is not None
    assert guard.check(spared) is None


def test_this_host_by_its_other_address_is_still_this_host() -> None:
    guard = Guard("127.0.0.1")
    assert guard.check("0.0.0.0") is not None
    assert guard.check("::ffff:0.0.0.0") is not None
    assert Guard("::1").check("::") is not None


def test_what_is_allowed_wins() -> None:
    guard = Guard("all-internal", "10.1.0.0/16, ::1")
    assert guard.check("10.1.2.3") is None
    assert guard.check("::ffff:10.1.2.3") is None
    assert guard.check("::1") is None
    assert guard.check("10.2.0.1") is not None


def test_allowing_a_tunnel_does_not_allow_what_is_in_it() -> None:
    guard = Guard("all-internal", "2002::/16,64:ff9b::/96")
    assert guard.check("2002:7f00:1::") is not None
    assert guard.check("64:ff9b::7f00:1") is not None


@pytest.mark.parametrize("wrong", ["internal", "10.0.0.1/8", "10.0.0.0/33", "example.org"])
def test_a_wrong_setting_says_what_it_could_be(wrong: str) -> None:
    with pytest.raises(ValidationError, match="all-internal"):
        ProberSettings(prober_forbidden=wrong)
    with pytest.raises(ValidationError, match="neither a network"):
        ProberSettings(prober_allowed=wrong)


def test_a_service_apart_is_closed_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for unset in (None, ""):
        monkeypatch.delenv("VEDETTE_PROBER_FORBIDDEN", raising=False)
        if unset is not None:
            monkeypatch.setenv("VEDETTE_PROBER_FORBIDDEN", unset)
        assert ProberSettings().guard().check("127.0.0.1") is not None
        assert ProberSettings.at_home().guard().open
    monkeypatch.setenv("VEDETTE_PROBER_FORBIDDEN", "metadata")
    assert ProberSettings.at_home().guard().check("169.254.169.254") is not None
    assert ProberSettings().guard().check("127.0.0.1") is None


def test_a_forbidden_target_moves_no_state() -> None:
    refused = Seen(1, trouble=Trouble(Reason.FORBIDDEN_TARGET, "no"))
    misled = Seen(1, trouble=Trouble(Reason.REDIRECT_BLOCKED, "no"))
    assert judge(refused, Expectation()).outcome is Outcome.INTERNAL_ERROR
    assert judge(refused, Expectation()).reason is Reason.FORBIDDEN_TARGET
    assert judge(misled, Expectation()).outcome is Outcome.DOWN
