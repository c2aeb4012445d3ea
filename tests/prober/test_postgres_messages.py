"""What PostgreSQL's client may be given to read."""

import pytest

from vedette.core.outcome import Reason
from vedette.prober.databases.postgres import Messages
from vedette.prober.streams.stopped import Stopped


def message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def login(step: int, said: bytes = b"") -> bytes:
    return message(b"R", step.to_bytes(4, "big") + said)


OK = login(0)
OFFER = login(10, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")
GO_ON = login(11, b"r=abc,s=QSXCR+Q6sek8bf92,i=4096")
READY = message(b"K", bytes(8)) + message(b"Z", b"I")


def said(*pieces: bytes) -> Reason | None:
    messages = Messages("192.0.2.1:5432")
    try:
        for piece in pieces:
            messages.hear(piece)
    except Stopped as stopped:
        return stopped.trouble.reason
    return None


@pytest.mark.parametrize(
    "fine",
    [OK + READY, OFFER + GO_ON + login(12, b"v=x") + OK + READY, message(b"E", b"SERROR\0\0")],
)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_messages_may_come_in_pieces(fine: bytes, size: int) -> None:
    assert said(*[fine[at : at + size] for at in range(0, len(fine), size)]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        b"HTTP/1.1 400 Bad Request",
        OK + b"\x08\0\0\0\0",
        OK + b"\0\0\0\0\x08abcd",
        OK + b"S\xff\xff\xff\xff",
        OK + b"S\0\0\0\3",
        b"R\0\1\0\1",
        GO_ON,
        OFFER + login(12),
        OFFER + GO_ON + GO_ON,
        login(10, b"SCRAM-SHA-256-PLUS\0\0") + GO_ON,
        login(10, b"XSCRAM-SHA-256\0\0") + GO_ON,
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_what_the_client_could_not_bear_is_not_given_to_it(wrong: bytes, size: int) -> None:
    pieces = [wrong[at : at + size] for at in range(0, len(wrong), size)]
    assert said(*pieces) is Reason.PROTOCOL_ERROR


@pytest.mark.parametrize("rounds", [b"100001", b"9" * 30])
def test_a_login_has_an_end(rounds: bytes) -> None:
    assert said(OFFER, login(11, b"r=abc,s=QSX,i=" + rounds)) is Reason.INTERNAL_ERROR
