"""What one check found: an outcome, and a reason from a closed list."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator


class Outcome(StrEnum):
    """How one check ended. Only up, degraded and down say anything about the target."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    INTERNAL_ERROR = "internal_error"
    MISSED = "missed"

    @property
    def is_vote(self) -> bool:
        """Whether the check saw the target at all."""
        return self in VOTES


VOTES = frozenset({Outcome.UP, Outcome.DEGRADED, Outcome.DOWN})


class Reason(StrEnum):
    """Why a check was not simply up. Machine-readable; `words` says it to a person."""

    DNS_NXDOMAIN = "dns_nxdomain"
    DNS_SERVFAIL = "dns_servfail"
    DNS_TIMEOUT = "dns_timeout"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    CONNECT_RESET = "connect_reset"
    CONNECT_UNREACHABLE = "connect_unreachable"
    TLS_EXPIRED = "tls_expired"
    TLS_NOT_YET_VALID = "tls_not_yet_valid"
    TLS_HOSTNAME = "tls_hostname"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_SELF_SIGNED = "tls_self_signed"
    TLS_HANDSHAKE = "tls_handshake"
    TIMEOUT = "timeout"
    PROTOCOL_ERROR = "protocol_error"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    REDIRECT_BLOCKED = "redirect_blocked"
    STATUS = "status"
    BODY = "body"
    HEADER = "header"
    JSON = "json"
    LATENCY = "latency"
    CERTIFICATE = "certificate"
    ANSWER = "answer"
    RCODE = "rcode"
    LOSS = "loss"
    REGISTRATION = "registration"
    RUN_FAILED = "run_failed"
    RUN_MISSING = "run_missing"
    RUN_LATE = "run_late"
    MEMBERS = "members"
    FORBIDDEN_TARGET = "forbidden_target"
    INTERNAL_ERROR = "internal_error"
    MISSED = "missed"
    NO_VOTES = "no_votes"

    @property
    def words(self) -> str:
        """The reason in plain English, for messages and pages."""
        return WORDS[self]


WORDS = {
    Reason.DNS_NXDOMAIN: "the host name does not exist",
    Reason.DNS_SERVFAIL: "the name server could not resolve the host name",
    Reason.DNS_TIMEOUT: "resolving the host name timed out",
    Reason.CONNECT_REFUSED: "the connection was refused",
    Reason.CONNECT_TIMEOUT: "connecting timed out",
    Reason.CONNECT_RESET: "the connection was reset",
    Reason.CONNECT_UNREACHABLE: "the host or network is unreachable",
    Reason.TLS_EXPIRED: "the certificate has expired",
    Reason.TLS_NOT_YET_VALID: "the certificate is not valid yet",
    Reason.TLS_HOSTNAME: "the certificate is for another host name",
    Reason.TLS_UNTRUSTED: "the certificate's issuer is not trusted",
    Reason.TLS_SELF_SIGNED: "the certificate is self-signed",
    Reason.TLS_HANDSHAKE: "the TLS handshake failed",
    Reason.TIMEOUT: "no complete answer came in time",
    Reason.PROTOCOL_ERROR: "the answer was not valid for the protocol",
    Reason.TOO_MANY_REDIRECTS: "it redirected too many times",
    Reason.REDIRECT_BLOCKED: "it redirected to where it must not",
    Reason.STATUS: "it answered with an unexpected status",
    Reason.BODY: "the body was not as expected",
    Reason.HEADER: "a header was not as expected",
    Reason.JSON: "the JSON was not as expected",
    Reason.LATENCY: "it was slower than allowed",
    Reason.CERTIFICATE: "the certificate was not as expected",
    Reason.ANSWER: "the answer was not as expected",
    Reason.RCODE: "the name server answered with an unexpected code",
    Reason.LOSS: "packets were lost",
    Reason.REGISTRATION: "the domain's registration was not as expected",
    Reason.RUN_FAILED: "a failure was reported",
    Reason.RUN_MISSING: "no report came in time",
    Reason.RUN_LATE: "the job ran too long",
    Reason.MEMBERS: "too few of the group's members are up",
    Reason.FORBIDDEN_TARGET: "the address may not be checked from here",
    Reason.INTERNAL_ERROR: "Vedette itself failed to run the check",
    Reason.MISSED: "the check did not run in time",
    Reason.NO_VOTES: "no check has seen the target lately",
}


def known(reason: Any) -> Any:
    """A reason as it was read; None for one that only a newer version has a word for.

    While versions run side by side, what is told must not depend on who reads it: the message
    says what was found all the same.
    """
    return None if isinstance(reason, str) and reason not in WORDS else reason


ReadReason = Annotated[Reason | None, BeforeValidator(known)]
"""A reason that another version may have written."""
