"""When a vote that is missing is one that did not come."""

from __future__ import annotations

from vedette.processor.hearing import FEW, SETTLE_S, Hearing


def heard(*looks: tuple[float, int | None]) -> bool:
    """Whether one hears after looks at these times, with so many messages waiting; None: deaf."""
    hearing, now = Hearing(), 0.0
    for now, waiting in looks:
        hearing.listen(well=waiting is not None, now=now)
        if waiting is not None:
            hearing.catch_up(waiting)
    return hearing.clear(now=now)


def every_second(
    waiting: int | None, *, first: int = 0, last: int
) -> list[tuple[float, int | None]]:
    return [(float(second), waiting) for second in range(first, last + 1)]


SETTLED = int(SETTLE_S)


def test_one_hears_once_probers_had_time_to_hand_in_what_they_kept() -> None:
    assert not heard(*every_second(0, last=SETTLED - 1))
    assert heard(*every_second(0, last=SETTLED))


def test_an_outage_of_the_bus_begins_it_anew() -> None:
    before = every_second(0, last=SETTLED)
    assert not heard(*before, (SETTLED + 1.0, None), (SETTLED + 2.0, 0))


def test_who_was_frozen_begins_anew() -> None:
    assert not heard(*every_second(0, last=SETTLED), (SETTLED + 60.0, 0))


def test_who_falls_behind_hears_nothing_until_he_has_caught_up() -> None:
    before = every_second(0, last=SETTLED)
    assert heard(*before, (SETTLED + 1.0, FEW)), "some always wait for a moment"
    assert not heard(*before, (SETTLED + 1.0, FEW + 1))
    assert not heard(*before, (SETTLED + 1.0, FEW + 1), (SETTLED + 2.0, 1))
    assert heard(*before, (SETTLED + 1.0, FEW + 1), (SETTLED + 2.0, 0))
