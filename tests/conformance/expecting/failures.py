"""The kit's categories of failure, and our reasons: the one table between the two.

Where one reason of ours stands for several categories, the message must tell them apart.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.conformance.observation import Observation

from vedette.core.outcome import Reason

_DNS = frozenset(reason for reason in Reason if reason.value.startswith("dns_"))
_CONNECT = frozenset(reason for reason in Reason if reason.value.startswith("connect_"))
_TLS = frozenset(reason for reason in Reason if reason.value.startswith("tls_"))
_ASSERTED = frozenset({
    Reason.STATUS, Reason.BODY, Reason.HEADER, Reason.JSON, Reason.LATENCY, Reason.CERTIFICATE,
    Reason.ANSWER, Reason.RCODE, Reason.LOSS, Reason.TOO_MANY_REDIRECTS,
})  # fmt: skip
REFUSED = "config"


@dataclass(frozen=True)
class Category:
    """Our reasons for one category, and what the message has of it, if that is what tells."""

    reasons: frozenset[Reason]
    words: str = ""

    def fits(self, reason: Reason | None, message: str) -> bool:
        """Whether a result is of this category."""
        return reason in self.reasons and re.search(self.words, message) is not None


def _of(*reasons: Reason, words: str = "") -> Category:
    return Category(frozenset(reasons), words)


CATEGORIES: Mapping[str, Category] = {
    "status": _of(Reason.STATUS),
    "http_version": _of(Reason.PROTOCOL_ERROR, words=r"HTTP/"),
    "redirect": _of(Reason.TOO_MANY_REDIRECTS, Reason.REDIRECT_BLOCKED, Reason.PROTOCOL_ERROR,
                    words="redirect"),
    "header": _of(Reason.HEADER),
    "body": _of(Reason.BODY),
    "json": _of(Reason.JSON),
    "body_too_large": _of(Reason.BODY, words="larger"),
    "decode": _of(Reason.PROTOCOL_ERROR, words=r"decod|encod|is not the \w+ that it says"),
    "not_tls": _of(Reason.PROTOCOL_ERROR, words="without TLS"),
    "is_tls": _of(Reason.PROTOCOL_ERROR, words="over TLS"),
    "timeout": _of(Reason.TIMEOUT, Reason.CONNECT_TIMEOUT, Reason.DNS_TIMEOUT),
    "connect_refused": _of(Reason.CONNECT_REFUSED),
    "connect_reset": _of(Reason.CONNECT_RESET),
    "connect": Category(_CONNECT),
    "protocol": _of(Reason.PROTOCOL_ERROR),
    "dns": Category(_DNS),
    "tls": Category(_TLS),
    "tls_alert": _of(Reason.TLS_HANDSHAKE, words="alert"),
    "dialogue": _of(Reason.BODY, words=r"step \d"),
    "bytes": _of(Reason.BODY, words=r"step \d+, expecting '"),
    "rcode": _of(Reason.RCODE, Reason.DNS_NXDOMAIN, Reason.DNS_SERVFAIL),
    "rr_validation": _of(Reason.ANSWER),
    "restricted_address": _of(Reason.FORBIDDEN_TARGET),
    REFUSED: _of(),
    "assertion": Category(_ASSERTED),
    # What can't be judged neither holds nor fails, and the reason is that of what it looked at.
    "assertion_evaluation": Category(_ASSERTED | {Reason.INTERNAL_ERROR}),
}  # fmt: skip


def of_category(expected: str | list[str], observation: Observation) -> str | None:
    """None if a failure is of this category, or of one of these."""
    names = [expected] if isinstance(expected, str) else expected
    unknown = [name for name in names if name not in CATEGORIES]
    if unknown:
        return f"not expressible: {', '.join(unknown)}"
    if observation.refused:
        wanted = REFUSED in names
        return None if wanted else f"expected {expected}, refused: {observation.output}"
    result = observation.result
    reason = result.reason if result is not None else None
    message = (result.message if result is not None else None) or ""
    if any(CATEGORIES[name].fits(reason, message) for name in names):
        return None
    return f"expected {expected}, got {reason} ({message})"
