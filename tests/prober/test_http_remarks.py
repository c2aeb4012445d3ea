"""What is read out of libcurl's words, and what it makes of a QUIC connection that failed."""

import errno

import pycurl
import pytest

from vedette.core.outcome import Reason
from vedette.prober.http.origin import Origin
from vedette.prober.http.phases import Times
from vedette.prober.http.quic import unconnected
from vedette.prober.http.remarks import Remarks
from vedette.prober.http.troubles import trouble_of
from vedette.prober.multi import Ended

ORIGIN = Origin("https", "a.example", 443, literal=False)
NEVER = Times(looked_up=1, connected=0, secured=0, first_byte=0, ended=9)


def heard(*said: bytes) -> Remarks:
    remarks = Remarks()
    for line in said:
        remarks.hear(pycurl.INFOTYPE_TEXT, line + b"\n")
    return remarks


def test_what_was_agreed_on() -> None:
    remarks = heard(
        b"SSL connection using TLSv1.3 / TLS_AES_128_GCM_SHA256 / X25519 / RSASSA-PSS",
        b"SSL connection using TLSv1.2 / ECDHE-RSA-AES256-GCM-SHA384",
        b"  subject: CN=SSL connection using TLSv9 / NONE",
    )
    assert remarks.agreed == [
        ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
        ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"),
    ]


def test_bytes_that_come_and_go_are_no_words() -> None:
    remarks = Remarks()
    for kind in (pycurl.INFOTYPE_HEADER_IN, pycurl.INFOTYPE_DATA_IN, pycurl.INFOTYPE_SSL_DATA_IN):
        remarks.hear(kind, b"SSL connection using TLSv9 / NONE")
    assert not remarks.agreed


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        (7, b"QUIC: connection to 192.0.2.1 port 443 refused", Reason.CONNECT_REFUSED),
        (55, b"sendmsg() returned -1 (errno %d)" % errno.ECONNREFUSED, Reason.CONNECT_REFUSED),
        (55, b"sendmsg() returned -1 (errno %d)" % errno.EHOSTUNREACH, Reason.CONNECT_UNREACHABLE),
        (
            56,
            b"QUIC: recvmmsg() unexpectedly returned -1 (errno=%d; no)" % errno.EHOSTUNREACH,
            Reason.CONNECT_UNREACHABLE,
        ),
        (55, b"sendmsg() returned -1 (errno %d)" % errno.EPERM, Reason.INTERNAL_ERROR),
        (7, b"", Reason.TLS_HANDSHAKE),
        (28, b"", Reason.CONNECT_TIMEOUT),
        (27, b"", Reason.INTERNAL_ERROR),  # out of memory
    ],
)
def test_why_there_is_no_quic_connection(code: int, said: bytes, reason: Reason) -> None:
    ended = unconnected(Ended(code, "as it says"), heard(said))
    trouble = trouble_of(ended, NEVER, ORIGIN, timeout_s=5, verify_result=0)
    assert trouble.reason is reason, trouble


def test_why_a_certificate_is_bad() -> None:
    remarks = heard(
        b"OpenSSL verify result: 14",
        b"SSL certificate OpenSSL verify result: unable to get local issuer certificate (20)",
    )
    ended = unconnected(Ended(pycurl.E_PEER_FAILED_VERIFICATION, "Failed to connect"), remarks)
    assert ended.message == "unable to get local issuer certificate"
