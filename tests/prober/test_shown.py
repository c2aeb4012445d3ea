"""What can be told of a certificate: most of it is the same whenever it is asked for."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.prober.talking import Maker

from vedette.prober.http.certificate import LONGEST, shown_in
from vedette.prober.http.overhearing import Agreed
from vedette.prober.streams.certificates import Certificate, parsed
from vedette.prober.streams.shown import Shown

MAKER = Maker()
DAY_S = 86_400


def a_certificate(days: float) -> Certificate:
    found = parsed(MAKER.make("a", days=days).certificate.public_bytes(Encoding.DER))
    assert found is not None
    return found


def test_days_left_are_those_of_when_it_is_asked() -> None:
    own, anchor = a_certificate(9), a_certificate(5)
    shown = Shown([own], trusted_until=anchor.not_after, version="TLSv1.3", cipher=None)
    now_s = MAKER.now.timestamp()
    for passed in (0, 1, 6):
        told = shown.subject(now_s + passed * DAY_S)
        assert told["days_left"] == pytest.approx(9 - passed, abs=0.01)
        assert told["chain_days_left"] == pytest.approx(5 - passed, abs=0.01)


def test_without_verification_nothing_is_told_of_a_chain() -> None:
    shown = Shown([a_certificate(9)], trusted_until=None, version=None, cipher=None)
    assert not {"chain_valid", "chain_days_left", "chain_expires_at"} & set(shown.subject(0))
    assert "chain_expires_at" not in shown.facts


def test_what_becomes_of_a_telling_changes_no_other() -> None:
    shown = Shown([a_certificate(9)], trusted_until=None, version=None, cipher=None)
    shown.subject(0).clear()
    assert shown.subject(0)["fingerprint"] == shown.facts["certificate_fingerprint"]


@pytest.mark.parametrize("beside", [(), (b"\0" * LONGEST,)])
def test_what_was_sent_beside_a_certificate_changes_nothing(beside: tuple[bytes, ...]) -> None:
    own = MAKER.make("a", days=9).certificate.public_bytes(Encoding.DER)
    for cipher in ("one", "other"):
        shown = shown_in(Agreed("TLSv1.3", cipher, (own, *beside)), None)
        assert shown is not None
        assert shown.certificate == parsed(own)
        assert shown.subject(0)["cipher"] == cipher
