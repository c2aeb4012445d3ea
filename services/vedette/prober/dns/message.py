"""Answers, decoded record by record and in their order."""

from dataclasses import dataclass, field
from functools import lru_cache

import dns.exception
import dns.flags
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire

_OPT = 41
# Compression makes it cheap to send names that are costly to read.
_MOST_LABELS = 20_000

# Now, not when one is first met: a type that can't be loaded then, for want of open files, would
# be unknown from there on, and good answers be called wrong. Takes 20 ms.
dns.rdata.load_all_types()  # type: ignore[no-untyped-call]


class Malformed(ValueError):
    """An answer that can't be decoded; the message says why."""


@dataclass(slots=True)
class Record:
    """One resource record."""

    owner: dns.name.Name
    class_: int
    type: str
    ttl: int
    data: dns.rdata.Rdata
    _shown: str | None = None

    def shown(self) -> str:
        """The data as in a zone file, made once."""
        if self._shown is None:
            self._shown = self.data.to_text()
        return self._shown

    def line(self) -> str:
        """As in a zone file, with one space between the fields."""
        class_ = dns.rdataclass.to_text(dns.rdataclass.RdataClass(self.class_))
        return f"{self.owner} {self.ttl} {class_} {self.type} {self.shown()}"


@dataclass(slots=True)
class Reply:
    """A decoded answer. What EDNS adds to the additional section is none of its records."""

    rcode: str
    flags: int
    answer: list[Record] = field(default_factory=list)
    authority: list[Record] = field(default_factory=list)
    additional: list[Record] = field(default_factory=list)

    def has(self, flag: dns.flags.Flag) -> bool:
        """Whether a flag is set."""
        return bool(self.flags & flag)

    @property
    def truncated(self) -> bool:
        """Whether there was more to say than UDP has room for."""
        return self.has(dns.flags.TC)


class _Parser(dns.wire.Parser):
    """Takes compressed names everywhere: some servers compress where they must not."""

    labels = 0

    def get_name(
        self, origin: dns.name.Name | None = None, decompress: bool = True
    ) -> dns.name.Name:
        name = super().get_name(origin, decompress=True)
        self.labels += len(name)
        if self.labels > _MOST_LABELS:
            raise Malformed("its names are too long to be meant seriously")
        return name


def decode(wire: bytes) -> Reply:
    """Decode an answer. Raises Malformed."""
    try:
        return _decode(_Parser(wire))
    except dns.exception.DNSException as error:
        raise Malformed(str(error) or type(error).__name__) from error


def _decode(parser: dns.wire.Parser) -> Reply:
    _, flags, questions, *counts = parser.get_struct("!HHHHHH")
    for _ in range(questions):
        parser.get_name()
        parser.get_struct("!HH")
    reply = Reply("", flags)
    extended = 0
    for section, count in zip(
        (reply.answer, reply.authority, reply.additional), counts, strict=True
    ):
        for _ in range(count):
            record, ttl = _record(parser)
            if record is None:
                extended = ttl
            else:
                section.append(record)
    reply.rcode = rcode_text(dns.rcode.from_flags(flags, extended))
    return reply


def _record(parser: dns.wire.Parser) -> tuple[Record | None, int]:
    """A record and its TTL; no record if it is EDNS, whose TTL holds bits of the code."""
    owner = parser.get_name()
    type_, class_, ttl, size = parser.get_struct("!HHIH")
    with parser.restrict_to(size):
        if type_ == _OPT:
            parser.get_remaining()
            return None, ttl
        data = dns.rdata.from_wire_parser(class_, type_, parser)
    return Record(owner, class_, _type_text(type_), ttl, data), ttl


@lru_cache(maxsize=256)
def _type_text(type_: int) -> str:
    return dns.rdatatype.to_text(dns.rdatatype.RdataType(type_))


@lru_cache(maxsize=256)
def rcode_text(rcode: int) -> str:
    """The name of a response code; its number where it has no name."""
    return dns.rcode.to_text(dns.rcode.Rcode(rcode))
