"""What is shown of an answer, and what assertions may look at."""

from itertools import chain
from typing import Any

import dns.flags

from vedette.core.job import EVIDENCE_BODY_BYTES
from vedette.prober.answer import Answer
from vedette.prober.dns.expectation import serial_of
from vedette.prober.dns.message import Record, Reply
from vedette.prober.dns.values import gist_of, text_of


def facts_of(reply: Reply) -> dict[str, str | int | float | bool]:
    """Its code, how many records each section has, the smallest TTL (in seconds), the serial."""
    facts: dict[str, str | int | float | bool] = {
        "rcode": reply.rcode,
        "answers": len(reply.answer),
        "authority": len(reply.authority),
        "additional": len(reply.additional),
    }
    if reply.answer:
        facts["ttl"] = min(record.ttl for record in reply.answer)
    serial = serial_of(reply)
    if serial is not None:
        facts["serial"] = serial
    return facts


def subjects_of(reply: Reply, records: list[Record]) -> dict[str, Any]:
    """By their names in assertions; `records` are those of the type that was asked for.

    Their hosts or values alone, one a line, are the body.
    """
    return {
        "rcode": reply.rcode,
        "answer": [text_of(record) for record in records],
        "body": "\n".join(map(gist_of, records)),
        "authority": [text_of(record) for record in reply.authority],
        "additional": [text_of(record) for record in reply.additional],
        "serial": serial_of(reply),
        "ad": reply.has(dns.flags.AD),
        "ra": reply.has(dns.flags.RA),
    }


def page_of(reply: Reply) -> Answer:
    """The answer's records as evidence, as many as are kept of it."""
    lines: list[str] = []
    room = EVIDENCE_BODY_BYTES
    for record in chain(reply.answer, reply.authority, reply.additional):
        if room <= 0:
            break
        lines.append(record.line())
        room -= len(lines[-1])
    return Answer(body="\n".join(lines).encode())
