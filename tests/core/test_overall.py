"""One word for several monitors."""

import pytest

from vedette.core.overall import Overall, overall
from vedette.core.state import State

UP, DOWN, UNKNOWN, PENDING, PAUSED = (
    State.UP, State.DOWN, State.UNKNOWN, State.PENDING, State.PAUSED
)  # fmt: skip


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ([], Overall.NOTHING),
        ([PAUSED], Overall.NOTHING),
        ([UP, State.DEGRADED, PAUSED], Overall.UP),
        ([UP, DOWN], Overall.PARTLY),
        ([UP, UNKNOWN], Overall.PARTLY),
        ([DOWN, PENDING], Overall.DOWN),
        ([UNKNOWN, PENDING], Overall.UNKNOWN),
    ],
)
def test_no_more_is_said_than_was_seen(states: list[State], word: Overall) -> None:
    assert overall(states) is word


def test_maintenance_comes_first_but_not_of_nothing() -> None:
    assert overall([UP, DOWN], maintenance=True) is Overall.MAINTENANCE
    assert overall([PAUSED], maintenance=True) is Overall.NOTHING
