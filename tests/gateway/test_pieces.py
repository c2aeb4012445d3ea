"""Any stretch of time is covered once, from the coarsest sums there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.gateway.domain.pieces import LENGTHS, Piece, Step, Through, pieces, steps

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 4, 1), timezones=st.just(UTC))


@given(INSTANTS, INSTANTS, INSTANTS, st.integers(0, 5), st.sampled_from(["hour", "day"]))
def test_pieces_follow_one_another_and_sums_are_whole_and_there(
    one: datetime, other: datetime, known: datetime, behind: int, coarsest: Step
) -> None:
    since, until = sorted([one, other + HOUR])
    day = known.replace(hour=0, minute=0, second=0, microsecond=0)
    through = Through(known.replace(minute=0, second=0, microsecond=0), day - behind * DAY)
    found = pieces(since, until, through, coarsest=coarsest)
    assert [found[0].since, *(piece.until for piece in found)] == [
        *(piece.since for piece in found), until,
    ]  # fmt: skip
    assert found[0].since == since
    for piece in found:
        if piece.source != "check":
            length = LENGTHS[piece.source]
            assert (piece.since - MIDNIGHT) % length == (piece.until - MIDNIGHT) % length == 0 * DAY
            assert piece.until <= (through.day if piece.source == "day" else through.hour)
    assert coarsest == "day" or all(piece.source != "day" for piece in found)


def test_a_month_is_mostly_days() -> None:
    now = MIDNIGHT + timedelta(hours=14, minutes=20)
    through = Through(MIDNIGHT + 14 * HOUR, MIDNIGHT)
    begin = now - 30 * DAY
    assert pieces(begin, now, through) == [
        Piece("check", begin, begin + timedelta(minutes=40)),
        Piece("hour", begin + timedelta(minutes=40), MIDNIGHT - 29 * DAY),
        Piece("day", MIDNIGHT - 29 * DAY, MIDNIGHT),
        Piece("hour", MIDNIGHT, MIDNIGHT + 14 * HOUR),
        Piece("check", MIDNIGHT + 14 * HOUR, now),
    ]


@pytest.mark.parametrize(
    ("since", "until", "step", "count"),
    [
        (MIDNIGHT, MIDNIGHT + HOUR, "hour", 1),
        (MIDNIGHT + timedelta(minutes=1), MIDNIGHT + DAY, "hour", 24),
        (MIDNIGHT - timedelta(minutes=1), MIDNIGHT + timedelta(minutes=1), "day", 2),
        (MIDNIGHT, MIDNIGHT + 30 * DAY, "day", 30),
    ],
)
def test_steps_begin_with_the_one_that_the_beginning_is_in(
    since: datetime, until: datetime, step: Step, count: int
) -> None:
    found = steps(since, until, step)
    assert len(found) == count
    assert found[0] <= since < found[0] + LENGTHS[step]
    assert found[-1] < until <= found[-1] + LENGTHS[step]
