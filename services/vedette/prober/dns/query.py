"""The query: encoded once, with a new id for each check."""

import secrets
from dataclasses import dataclass, replace

import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype

from vedette.core.kinds.dns import DnsTarget

HEADER = 12
# What fits through nearly every path unfragmented, as agreed on DNS flag day 2020.
UDP_PAYLOAD = 1232
_QR = 0x80
_OPCODE = 0x78
# Servers that refuse to look at a query may leave the question out of their answer.
_WITHOUT_QUESTION = frozenset({1, 2, 4, 5})  # FORMERR, SERVFAIL, NOTIMP, REFUSED


@dataclass(frozen=True, slots=True)
class Query:
    """A query on the wire, and how to know an answer to it."""

    wire: bytes
    question: bytes
    """The question as it is in the wire, in lower case."""

    def renewed(self) -> "Query":
        """The same query under a new, unpredictable id."""
        return replace(self, wire=secrets.token_bytes(2) + self.wire[2:])

    def is_answered_by(self, wire: bytes) -> bool:
        """Whether this is an answer to this query, going by its id and its question."""
        if len(wire) < HEADER or wire[:2] != self.wire[:2]:
            return False
        if not wire[2] & _QR or wire[2] & _OPCODE:
            return False
        asked = int.from_bytes(wire[4:6], "big")
        if asked == 0:
            return wire[3] & 0x0F in _WITHOUT_QUESTION
        end = HEADER + len(self.question)
        return asked == 1 and wire[HEADER:end].lower() == self.question


def query_of(target: DnsTarget) -> Query:
    """The query of a target, with the id 0. Raises ValueError if it can't be encoded."""
    message = dns.message.make_query(
        dns.name.from_text(target.question().lower()),
        dns.rdatatype.from_text(target.type),
        dns.rdataclass.from_text(target.class_),
        use_edns=0,
        payload=UDP_PAYLOAD,
        want_dnssec=target.dnssec,
        id=0,
        flags=_flags(target),
    )
    wire = message.to_wire()
    end = HEADER + len(message.question[0].name.to_wire() or b"") + 4
    return Query(wire, wire[HEADER:end].lower())


def _flags(target: DnsTarget) -> int:
    flags = dns.flags.RD if target.recursion_desired else 0
    # Who cares for AD says so (RFC 6840, section 5.7).
    return flags if target.flags.ad is None else flags | dns.flags.AD
