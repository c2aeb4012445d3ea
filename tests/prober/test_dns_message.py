"""Queries and answers on the wire."""

import subprocess
import sys
from contextlib import suppress

import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.core.kinds.dns import DnsTarget
from vedette.prober.dns.expectation import Expectation
from vedette.prober.dns.message import Malformed, Reply, decode
from vedette.prober.dns.query import query_of
from vedette.prober.dns.seeing import facts_of, page_of, subjects_of

TARGET = DnsTarget(name="a.example", type="ANY", min_answers=0)
QUERY = query_of(TARGET)
LINES = [
    "a.example. 60 IN A 192.0.2.1",
    "a.example. 50 IN MX 10 mail.a.example.",
    'a.example. 40 IN TXT "v=spf1" " -all"',
    'a.example. 30 IN CAA 0 issue "ca.example"',
    "a.example. 20 CH A a.example. 1",
    "a.example. 10 IN TYPE65280 \\# 4 0a000001",
    "a.example. 10 CLASS9 TYPE65281 \\# 1 00",
    "a.example. 10 IN HTTPS 1 . alpn=h2",
]


def a_reply() -> bytes:
    message = dns.message.make_response(dns.message.from_wire(QUERY.wire))
    for line in LINES:
        name, ttl, class_, type_, data = line.split(None, 4)
        message.answer.append(dns.rrset.from_text(name, int(ttl), class_, type_, data))
    message.use_edns(0, payload=1232)
    return message.to_wire()


def looked_at(reply: Reply) -> None:
    """Do with a reply all that a check does."""
    facts_of(reply)
    subjects_of(reply, reply.answer)
    page_of(reply)
    Expectation(TARGET).judge(reply)


def test_records_keep_their_order_and_count() -> None:
    reply = decode(a_reply())
    assert [record.ttl for record in reply.answer] == [60, 50, 40, 30, 20, 10, 10, 10]
    assert reply.answer[1].line() == LINES[1]
    assert reply.additional == []
    assert facts_of(reply)["ttl"] == 10
    assert subjects_of(reply, reply.answer)["body"].splitlines()[:4] == [
        "192.0.2.1",
        "mail.a.example.",
        "v=spf1 -all",
        "ca.example",
    ]
    looked_at(reply)


@given(st.binary(max_size=300))
def test_any_bytes(wire: bytes) -> None:
    with suppress(Malformed):
        looked_at(decode(wire))


@given(st.data())
def test_a_damaged_answer(data: st.DataObject) -> None:
    wire = bytearray(a_reply())
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Malformed):
        looked_at(decode(bytes(wire)[: data.draw(st.integers(0, len(wire)))]))


def test_names_that_go_in_circles() -> None:
    header = bytes([0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    with pytest.raises(Malformed):
        decode(header + b"\xc0\x0c" + bytes([0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]))


def test_an_answer_is_known_by_its_id_and_question() -> None:
    query = QUERY.renewed()
    answer = dns.message.make_response(dns.message.from_wire(query.wire)).to_wire()
    assert query.is_answered_by(answer)
    assert query.is_answered_by(answer.replace(b"example", b"EXAMPLE"))
    assert not query.is_answered_by(query.wire)
    assert not query.is_answered_by(answer.replace(b"example", b"elsewhe"))
    assert not query.is_answered_by(bytes([answer[0] ^ 1]) + answer[1:])
    assert not query.is_answered_by(answer[:11])


def test_names_that_are_cheap_to_send_and_costly_to_read() -> None:
    header = bytes([0, 0, 0x80, 0, 0, 0, 0x10, 0, 0, 0, 0, 0])
    owner = b"\x01a" * 120 + b"\x00"
    fixed = bytes([0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4])
    with pytest.raises(Malformed, match="too long"):
        decode(header + owner + fixed + (b"\xc0\x0c" + fixed) * 4095)


def test_a_type_that_is_first_met_when_no_file_can_be_opened_is_known_all_the_same() -> None:
    script = """
import resource, sys
from vedette.prober.dns.message import decode
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
header = bytes([0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0])
reply = decode(header + bytes([0, 0, 15, 0, 1, 0, 0, 0, 0, 0, 5, 0, 10, 1, 97, 0]))
assert reply.answer[0].shown() == "10 a.", reply.answer[0].shown()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
