"""How checks come together in messages: the fuller, the more is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import ceil


def batches(count: int, most: int) -> list[int]:
    """A tick's slots of one scheduler in messages of jobs."""
    return [most] * (count // most) + ([count % most] if count % most else [])


def gathered(
    results: Sequence[tuple[float, int]], *, probers: int, wait_s: float, most: int
) -> Iterator[tuple[float, int]]:
    """Results of a region as they are sent: each prober's of a short while, or so many.

    Whose they are is not followed: they are taken to be spread evenly.
    """
    windows: Counter[int] = Counter()
    for at, count in results:
        windows[int(at / wait_s)] += count
    for window in sorted(windows):
        count = windows[window]
        messages = max(ceil(count / most), min(count, probers))
        for number in range(messages):
            share = count // messages + (number < count % messages)
            yield (window + 1) * wait_s, share


def messages_per_s(rate: float, senders: int, wait_s: float, most: int) -> float:
    """How many messages so many senders make of so many checks a second."""
    return max(rate / most, min(rate, senders / wait_s))
