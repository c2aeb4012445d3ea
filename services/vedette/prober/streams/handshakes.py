"""What a handshake that failed means. Pure."""

import re
import ssl
from collections.abc import Sequence
from datetime import datetime

from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble
from vedette.prober.streams.certificates import Certificate

_ALERT = re.compile(r"\b(?:sslv3|tlsv1|tlsv13) (?:alert )?([a-z ]+?)(?: \(_ssl|$)")
# Where OpenSSL's words differ from the standard's.
_SPELLED = {"user_cancelled": "user_canceled"}
_NO_TLS = frozenset(
    {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"}
)
# What OpenSSL says of a certificate (X509_V_ERR_*).
_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED, _UNTRUSTED_ROOT = 9, 10, 18, 19
_NO_ISSUER = frozenset({2, 20, 21})
_OTHER_HOST = frozenset({62, 64})
_MOST_NAMES = 5


def alert_of(error: ssl.SSLError) -> str | None:
    """The alert behind an error, by the name it has in RFC 8446, if it was the other side's."""
    found = _ALERT.search(str(error.args[-1]))
    if found is None:
        return None
    name = found[1].replace(" ", "_")
    return _SPELLED.get(name, name)


def handshake_trouble(
    error: ssl.SSLError, peer: str, chain: Sequence[Certificate], now: datetime
) -> Trouble:
    """The trouble behind an error of TLS. `chain` is what the other side has shown."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(error, peer, chain, now)
    alert = alert_of(error)
    if alert is not None:
        words = f"{peer} ended TLS with the alert {alert}"
    elif isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        words = f"{peer} closed the connection in the TLS handshake"
    elif error.reason in _NO_TLS:
        words = f"{peer} does not speak TLS: {_told(error)}"
    else:
        words = f"TLS handshake with {peer} failed: {_told(error)}"
    return Trouble(Reason.TLS_HANDSHAKE, words)


def _untrusted(
    error: ssl.SSLCertVerificationError, peer: str, chain: Sequence[Certificate], now: datetime
) -> Trouble:
    its = f"the certificate of {peer}"
    code = error.verify_code
    if code == _EXPIRED:
        return Trouble(Reason.TLS_EXPIRED, _expired(its, chain, now))
    if code == _NOT_YET_VALID:
        return Trouble(Reason.TLS_NOT_YET_VALID, _not_yet_valid(its, chain, now))
    if code in _OTHER_HOST:
        return Trouble(Reason.TLS_HOSTNAME, f"{its} is for another host: {_listed(chain)}")
    if code == _SELF_SIGNED:
        return Trouble(Reason.TLS_SELF_SIGNED, f"{its} is self-signed and not trusted")
    return Trouble(Reason.TLS_UNTRUSTED, f"{its} is not trusted: {_why(error, chain)}")


def _why(error: ssl.SSLCertVerificationError, chain: Sequence[Certificate]) -> str:
    if error.verify_code == _UNTRUSTED_ROOT:
        return f"it leads to {chain[-1].subject if chain else 'a root'}, a root nobody here trusts"
    if error.verify_code in _NO_ISSUER and chain:
        return f"{chain[-1].issuer}, who issued it, is neither trusted nor sent along"
    return error.verify_message


def _expired(its: str, chain: Sequence[Certificate], now: datetime) -> str:
    """Say which one has expired: it need not be the target's own."""
    over = next((one for one in chain if one.not_after < now), None)
    if over is None:
        return f"{its} depends on an authority whose own has expired"
    if over is chain[0]:
        return f"{its} has expired on {over.not_after:%Y-%m-%d}"
    return f"{its} depends on {over.subject}, which has expired on {over.not_after:%Y-%m-%d}"


def _not_yet_valid(its: str, chain: Sequence[Certificate], now: datetime) -> str:
    ahead = next((one for one in chain if one.not_before > now), None)
    if ahead is None:
        return f"{its} depends on an authority whose own is not valid yet"
    if ahead is chain[0]:
        return f"{its} is valid only from {ahead.not_before:%Y-%m-%d %H:%M} UTC on"
    return f"{its} depends on {ahead.subject}, valid only from {ahead.not_before:%Y-%m-%d} on"


def _listed(chain: Sequence[Certificate]) -> str:
    names = chain[0].names if chain else ()
    shown = ", ".join(names[:_MOST_NAMES]) or "it names none"
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"


def _told(error: ssl.SSLError) -> str:
    """OpenSSL's words, without its bookkeeping."""
    return re.sub(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$", "", str(error.args[-1]))
