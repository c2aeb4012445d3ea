"""What is left out of garbage collections."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from vedette.runtime.memory import keep_what_is_here


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The collector is everybody's."""
    thresholds, callbacks = gc.get_threshold(), list(gc.callbacks)
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.callbacks[:] = callbacks


def test_what_a_process_comes_to_know_is_kept_once_it_is_much() -> None:
    keep_what_is_here()
    kept = gc.get_freeze_count()
    known = [[number] for number in range(kept // 2)]
    gc.collect(1)
    assert gc.get_freeze_count() >= kept + len(known)


def test_a_little_more_is_looked_at_again() -> None:
    keep_what_is_here()
    kept = gc.get_freeze_count()
    known = [[number] for number in range(kept // 100)]
    gc.collect(1)
    assert gc.get_freeze_count() <= kept
    assert len(gc.get_objects(generation=2)) >= len(known)


def test_what_is_kept_is_freed_when_nobody_needs_it() -> None:
    known = [[number] for number in range(1000)]
    keep_what_is_here()
    kept = gc.get_freeze_count()
    del known
    assert gc.get_freeze_count() <= kept - 1000
