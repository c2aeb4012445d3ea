"""The path from a certificate to one that is trusted, found again for who verified it unseen.

libcurl verifies a chain, but tells only which one was sent. As OpenSSL does by default, an
issuer is looked for among the trusted ones first.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from vedette.prober.streams.certificates import loaded, parsed
from vedette.prober.streams.trust import Trust

log = structlog.get_logger()

_LONGEST = 16


def trusted_until(sent: tuple[bytes, ...], trust: Trust) -> datetime | None:
    """When a chain that was sent (DER, the own one first) ends to be valid; None if unknown."""
    read = [one for one in map(loaded, sent) if one is not None]
    if len(read) < len(sent):
        return None
    return _until(read[0], read[1:], trust)


def _until(
    current: x509.Certificate, others: Sequence[x509.Certificate], trust: Trust
) -> datetime | None:
    anchors = _anchors(trust)
    until = current.not_valid_after_utc
    for _ in range(_LONGEST):
        if current in anchors.get(current.subject.public_bytes(), ()):
            return min(until, _lasting(current, trust))
        anchor = _issuer(current, anchors.get(current.issuer.public_bytes(), ()))
        if anchor is not None:
            return min(until, _lasting(anchor, trust))
        issuer = _issuer(current, others)
        if issuer is None:  # of what is trusted, only authorities are listed: this is another
            return until
        until = min(until, issuer.not_valid_after_utc)
        current = issuer
    return None


def _issuer(
    certificate: x509.Certificate, candidates: Iterable[x509.Certificate]
) -> x509.Certificate | None:
    return next((one for one in candidates if _issued(certificate, one)), None)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _lasting(anchor: x509.Certificate, trust: Trust) -> datetime:
    known = parsed(anchor.public_bytes(Encoding.DER))
    return anchor.not_valid_after_utc if known is None else trust.lasting(known)


@lru_cache(maxsize=256)
def _anchors(trust: Trust) -> Mapping[bytes, Sequence[x509.Certificate]]:
    """The trusted certificates by their subject."""
    anchors: dict[bytes, list[x509.Certificate]] = {}
    trusted = trust.context.get_ca_certs(binary_form=True)
    read = [anchor for anchor in map(loaded, trusted) if anchor is not None]
    for anchor in read:
        anchors.setdefault(anchor.subject.public_bytes(), []).append(anchor)
    if len(read) < len(trusted):
        log.warning("some trusted certificates can't be read", count=len(trusted) - len(read))
    return anchors
