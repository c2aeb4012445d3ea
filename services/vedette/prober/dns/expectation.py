"""What a target expects of an answer, made ready. Pure."""

from collections.abc import Callable, Sequence

import dns.flags

from vedette.core.assertions.patterns import Pattern
from vedette.core.kinds.dns import DnsTarget, Flags, Serial
from vedette.core.outcome import Reason
from vedette.prober.dns.message import Record, Reply
from vedette.prober.dns.sections import SectionRules
from vedette.prober.dns.values import faces_of, listed, same_form, text_of
from vedette.prober.domain import Trouble

_UNLISTED = {"NXDOMAIN": Reason.DNS_NXDOMAIN, "SERVFAIL": Reason.DNS_SERVFAIL}
_FLAGS = {"aa": dns.flags.AA, "ra": dns.flags.RA, "ad": dns.flags.AD}
_HALF = 2**31


class Expectation:
    """Judges answers."""

    def __init__(self, target: DnsTarget) -> None:
        self._type = target.type
        self._what = f"{target.type} {target.name}"
        self._listed = bool(target.rcodes)
        self._rcodes = frozenset(target.rcodes or ("NOERROR",))
        self._min_answers = target.min_answers
        self._checks: list[Callable[[Reply], str | None]] = [
            *_checks_of_records(target),
            *_checks_of_sections(target),
        ]
        if target.serial != Serial():
            self._checks.append(lambda reply: _of_serial(target.serial, reply))
        if target.flags != Flags():
            self._checks.append(lambda reply: _of_flags(target.flags, reply))

    def records(self, reply: Reply) -> list[Record]:
        """The records of the type that was asked for."""
        return records_of(self._type, reply)

    def judge(self, reply: Reply) -> Trouble | None:
        """Why an answer is not as expected."""
        if reply.rcode not in self._rcodes:
            return self._unexpected(reply.rcode)
        what = self._too_few(reply)
        if what is None:
            what = next(filter(None, (check(reply) for check in self._checks)), None)
        return None if what is None else Trouble(Reason.ANSWER, f"{self._what}: {what}")

    def _unexpected(self, rcode: str) -> Trouble:
        reason = Reason.RCODE if self._listed else _UNLISTED.get(rcode, Reason.RCODE)
        wanted = " or ".join(sorted(self._rcodes))
        return Trouble(reason, f"{self._what}: the answer is {rcode}, expected {wanted}")

    def _too_few(self, reply: Reply) -> str | None:
        """Too few records, though it is said that all is well."""
        found = len(self.records(reply))
        if reply.rcode != "NOERROR" or found >= self._min_answers:
            return None
        others = [f"{record.type} {text_of(record)}" for record in reply.answer]
        seen = f"{found} {self._type} records" if found else f"no {self._type} record"
        what = f"the answer has {seen}, expected {self._min_answers} or more"
        return f"{what}; it has {listed(others)}" if others else what


def records_of(type_: str, reply: Reply) -> list[Record]:
    """The answer's records of a type; with ANY, all of them."""
    if type_ == "ANY":
        return reply.answer
    return [record for record in reply.answer if record.type == type_]


def serial_of(reply: Reply) -> int | None:
    """The serial of the SOA record in the answer."""
    return next((record.data.serial for record in reply.answer
                 if record.type == "SOA" and hasattr(record.data, "serial")), None)  # fmt: skip


def _checks_of_records(target: DnsTarget) -> list[Callable[[Reply], str | None]]:
    answers, type_ = target.answers, target.type
    checks: list[Callable[[Reply], str | None]] = []
    if answers.equals is not None:
        exactly = answers.equals
        checks.append(lambda reply: _of_all(exactly, records_of(type_, reply)))
    if answers.contains:
        checks.append(lambda reply: _of_each(answers.contains, records_of(type_, reply)))
    if answers.regex is not None:
        pattern, every = Pattern(answers.regex), answers.match == "every"
        checks.append(lambda reply: _of_pattern(pattern, every, records_of(type_, reply)))
    return checks


def _checks_of_sections(target: DnsTarget) -> list[Callable[[Reply], str | None]]:
    rules = (
        SectionRules("answer", target.validate_answer),
        SectionRules("authority", target.validate_authority),
        SectionRules("additional", target.validate_additional),
    )
    return [rule.judge for rule in rules if rule]


def _means(expected: str, record: Record) -> bool:
    wanted = same_form(record.type, expected)
    return any(same_form(record.type, face) == wanted for face in faces_of(record))


def _of_all(expected: Sequence[str], records: Sequence[Record]) -> str | None:
    unexpected = [r for r in records if not any(_means(text, r) for text in expected)]
    if not unexpected and _of_each(expected, records) is None:
        return None
    return f"expected exactly {listed(expected)}, the answer has {_shown(records)}"


def _of_each(expected: Sequence[str], records: Sequence[Record]) -> str | None:
    absent = [text for text in expected if not any(_means(text, r) for r in records)]
    return f"expected {listed(absent)}, the answer has {_shown(records)}" if absent else None


def _of_pattern(pattern: Pattern, every: bool, records: Sequence[Record]) -> str | None:
    found = [any(pattern.found_in(face) for face in faces_of(record)) for record in records]
    if found and (all(found) if every else any(found)):
        return None
    where = "every record" if every else "a record"
    return f"expected {pattern.text!r} in {where}, the answer has {_shown(records)}"


def _of_serial(expected: Serial, reply: Reply) -> str | None:
    serial = serial_of(reply)
    if serial is None:
        return "the answer has no SOA record"
    if expected.equals is not None and serial != expected.equals:
        return f"the serial is {serial}, expected {expected.equals}"
    if expected.at_least is not None and (serial - expected.at_least) % 2**32 >= _HALF:
        return f"the serial is {serial}, expected {expected.at_least} or later"
    return None


def _of_flags(expected: Flags, reply: Reply) -> str | None:
    for name, flag in _FLAGS.items():
        wanted = getattr(expected, name)
        if wanted is not None and reply.has(flag) is not wanted:
            return f"the flag {name.upper()} is {'not ' if wanted else ''}set"
    return None


def _shown(records: Sequence[Record]) -> str:
    return listed([text_of(record) for record in records])
