"""What each subject takes: operators, properties, values; and what its failure is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vedette.core.outcome import Reason

Subject = Literal["status", "body", "header", "latency", "json", "json_schema", "size",
                  "certificate", "redirects", "ip", "rcode", "answer", "loss",
                  "run_time", "domain"]  # fmt: skip
Operator = Literal["equals", "not_equals", "contains", "starts_with", "less", "greater", "between",
                   "in", "exists", "matches", "length"]  # fmt: skip
COMPARING = frozenset({"equals", "not_equals", "contains", "starts_with", "less", "greater"})
"""Operators that two values which were both seen can be put to."""
Match = Literal["any", "every"]
Values = Literal["numbers", "text", "json", "schema"]

PHASES = ("resolve", "connect", "tls", "first_byte", "transfer")
"""The phases of HTTP; other kinds have some of them, and their own."""
_KINDS_PHASES = (
    "starttls", "setup", "rtt", "upgrade", "messages", "close", "login", "exchange", "query",
)  # fmt: skip
LATENCIES = ("total", *PHASES, *_KINDS_PHASES)
SECTIONS = ("answer", "authority", "additional")
"""Of a name server's answer."""
CERTIFICATE_NUMBERS = frozenset({"days_left", "chain_days_left"})
CERTIFICATE_FLAGS = frozenset({"chain_valid", "self_signed"})
DOMAIN = ("days_left", "expires_at", "registrar", "status", "nameservers")
"""Of a domain's registration."""

_NUMERIC = frozenset(
    {"equals", "not_equals", "less", "greater", "between", "in", "exists", "matches", "length"}
)
_ALL = _NUMERIC | {"contains", "starts_with"}


@dataclass(frozen=True, slots=True)
class Rule:
    """What leaves of one subject may say. Redirects that aren't as many as expected have the
    reason `too_many_redirects`, an unexpected address is an unexpected `answer`, and an
    unexpected size is one of the `body`.
    """

    reason: Reason
    values: Values = "text"
    operators: frozenset[str] = _ALL
    unit: str = ""
    match: Match = "every"


RULES: Mapping[str, Rule] = {
    "status": Rule(Reason.STATUS, "numbers", _NUMERIC),
    "header": Rule(Reason.HEADER, match="any"),
    "body": Rule(Reason.BODY),
    "json": Rule(Reason.JSON, "json"),
    "json_schema": Rule(Reason.JSON, "schema", frozenset({"matches"})),
    "latency": Rule(Reason.LATENCY, "numbers", _NUMERIC, unit=" ms"),
    "size": Rule(Reason.BODY, "numbers", _NUMERIC, unit=" bytes"),
    "certificate": Rule(Reason.CERTIFICATE, match="any"),
    "redirects": Rule(Reason.TOO_MANY_REDIRECTS, "numbers", _NUMERIC),
    "ip": Rule(Reason.ANSWER),
    "rcode": Rule(Reason.RCODE),
    "answer": Rule(Reason.ANSWER, match="any"),
    "loss": Rule(Reason.LOSS, "numbers", _NUMERIC, unit=" %"),
    "run_time": Rule(Reason.RUN_LATE, "numbers", _NUMERIC, unit=" s"),
    "domain": Rule(Reason.REGISTRATION, match="any"),
}


def in_days(subject: str, property: str | None) -> bool:  # noqa: A002
    """Whether it is how long something is still good for."""
    return (subject == "certificate" and property in CERTIFICATE_NUMBERS) or (
        subject == "domain" and property == "days_left"
    )


def values_of(subject: str, property: str | None) -> Values | Literal["flags"]:  # noqa: A002
    """What a subject is compared with."""
    if in_days(subject, property):
        return "numbers"
    if subject == "certificate" and property in CERTIFICATE_FLAGS:
        return "flags"
    return RULES[subject].values


def unit_of(subject: str, property: str | None) -> str:  # noqa: A002
    """What stands behind a subject's numbers."""
    return " days" if in_days(subject, property) else RULES[subject].unit
