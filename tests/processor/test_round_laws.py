"""Rounds of several regions through what judges them: one verdict each, and no late vote counts."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from vedette.core.events import Cause, MonitorRef
from vedette.core.outcome import Outcome
from vedette.core.state import State
from vedette.processor.domain import Policy, Standing, tally
from vedette.processor.judging import decide
from vedette.processor.ledger import Ledger
from vedette.processor.rounds import Round
from vedette.processor.rows import Asked, Watched

S = 1000
MINUTE = 60 * S
REGIONS = ("fra", "nyc", "sgp")
SLOTS = 3
POLICY = Policy(
    interval_ms=MINUTE,
    timeout_ms=10 * S,
    failure_threshold=1,
    recovery_threshold=1,
    retry_ms=5 * S,
)
OUTCOMES = st.sampled_from([*Outcome])
Arrival = tuple[int, str, Outcome]


def a_monitor() -> Watched:
    """One whose regions are all asked, and that is pending."""
    return Watched(
        monitor=MonitorRef(id=UUID(int=7), name="Shop", kind="http", target="x"),
        workspace_id=UUID(int=1),
        regions=REGIONS,
        revision=1,
        paused=False,
        active_since=0,
        policy=POLICY,
        standing=Standing(State.PENDING, since=0, sequence=1),
        asked=Asked({}, []),
        cause={},
    )


class Court:
    """Checks come in, rounds are closed, and each is judged as the processor does it."""

    def __init__(self) -> None:
        self.who = a_monitor()
        self.ended: dict[int, dict[str, Cause]] = {slot: {} for slot in range(1, SLOTS + 1)}
        self.judged: list[int] = []

    def arrive(self, arrival: Arrival) -> None:
        """The first result of a check counts, as the database sees to."""
        number, region, outcome = arrival
        if region in self.ended[number]:
            return
        self.ended[number][region] = Cause(region=region, outcome=outcome)
        if not self.who.standing.is_past(number * MINUTE):
            self._judge(number)

    def close(self, number: int) -> None:
        """The time of a round is over."""
        self._judge(number, closed=True)

    def _judge(self, number: int, *, closed: bool = False) -> None:
        ledger = Ledger(number * MINUTE + S)
        before = self.who.standing
        polled = Round(number * MINUTE, REGIONS, self.ended[number])
        self.who = ledger.enter(self.who, decide(self.who, polled, ledger, closed=closed))
        if self.who.standing.round != before.round:
            self.judged.append(number)


# In any order, with some delivered again, some never, and rounds closed in between.
ARRIVALS = st.tuples(st.integers(1, SLOTS), st.sampled_from(REGIONS), OUTCOMES)
TURNS = st.lists(st.one_of(st.integers(1, SLOTS), ARRIVALS), max_size=30)


@given(TURNS)
def test_each_round_is_judged_once_at_most_and_in_order(turns: Sequence[int | Arrival]) -> None:
    court = Court()
    for turn in turns:
        if isinstance(turn, int):
            court.close(turn)
        else:
            court.arrive(turn)
    assert court.judged == sorted(set(court.judged))


@given(TURNS, st.integers(1, SLOTS))
def test_what_is_judged_is_what_the_votes_of_that_moment_come_to(
    turns: Sequence[int | Arrival], last: int
) -> None:
    court = Court()
    for turn in turns:
        if not isinstance(turn, int):
            court.arrive(turn)
    ended = {region: cause.outcome for region, cause in court.ended[last].items() if cause.outcome}
    expected = tally(ended, REGIONS, closed=True)
    past = court.who.standing.is_past(last * MINUTE)
    court.close(last)
    if expected is None:
        assert last not in court.judged
    elif not past:
        assert court.who.standing.state == expected.value


@given(TURNS, st.lists(ARRIVALS))
def test_nothing_that_comes_later_changes_what_was_said(
    turns: Sequence[int | Arrival], late: Sequence[Arrival]
) -> None:
    court = Court()
    for turn in turns:
        if not isinstance(turn, int):
            court.arrive(turn)
    for number in range(1, SLOTS + 1):
        court.close(number)
    said = court.who.standing
    for arrival in late:
        if said.is_past(arrival[0] * MINUTE):
            court.arrive(arrival)
    for number in range(1, (said.round or 0) // MINUTE + 1):
        court.close(number)
    assert court.who.standing == said
