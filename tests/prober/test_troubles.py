"""Errors that loopback can't give: whose fault they are."""

import errno

import pycurl
import pytest

from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble
from vedette.prober.http.origin import locate
from vedette.prober.http.phases import Times
from vedette.prober.http.troubles import trouble_of
from vedette.prober.multi import Ended
from vedette.prober.names import _with_route

CONNECTING = Times(looked_up=1, connected=0, secured=0, first_byte=0, ended=9)
WAITING = Times(looked_up=1, connected=2, secured=3, first_byte=0, ended=9)
ORIGIN = locate("https://a.example/").origin


def trouble(ended: Ended, times: Times = WAITING, verify_result: int = 0) -> Trouble:
    return trouble_of(ended, times, ORIGIN, timeout_s=5, verify_result=verify_result)


@pytest.mark.parametrize(
    "number", [errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPERM, 0]
)
def test_what_keeps_us_from_connecting_is_ours(number: int) -> None:
    failed = Ended(pycurl.E_COULDNT_CONNECT, "Could not connect", number)
    assert trouble(failed, CONNECTING).reason is Reason.INTERNAL_ERROR


@pytest.mark.parametrize(
    "code", [pycurl.E_OUT_OF_MEMORY, pycurl.E_SSL_CACERT_BADFILE, pycurl.E_BAD_FUNCTION_ARGUMENT]
)
def test_what_is_wrong_with_libcurl_is_ours(code: int) -> None:
    found = trouble(Ended(code))
    assert found.reason is Reason.INTERNAL_ERROR
    assert f"libcurl {code}" in found.message


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (2, Reason.TLS_UNTRUSTED),
        (9, Reason.TLS_NOT_YET_VALID),
        (10, Reason.TLS_EXPIRED),
        (18, Reason.TLS_SELF_SIGNED),
        (19, Reason.TLS_SELF_SIGNED),
        (20, Reason.TLS_UNTRUSTED),
        (21, Reason.TLS_UNTRUSTED),
        (62, Reason.TLS_HOSTNAME),
    ],
)
def test_certificates(result: int, reason: Reason) -> None:
    failed = Ended(pycurl.E_PEER_FAILED_VERIFICATION, "no")
    assert trouble(failed, verify_result=result).reason is reason


def test_the_error_of_an_address_tried_in_vain_is_not_the_answers() -> None:
    """libcurl keeps it although another address was connected."""
    empty = Ended(pycurl.E_GOT_NOTHING, "Empty reply", errno.ECONNREFUSED)
    assert trouble(empty).reason is Reason.PROTOCOL_ERROR


def test_without_a_route_for_a_family_its_addresses_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both, only = ["2001:db8::1", "192.0.2.1"], ["2001:db8::1"]
    monkeypatch.setattr("vedette.prober.names._has_route", lambda _, address: ":" not in address)
    assert _with_route(both) == ["192.0.2.1"]
    assert _with_route(only) == only
