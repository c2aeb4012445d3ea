"""The shared clock goes by what the database said, whatever becomes of our own."""

from __future__ import annotations

import time

import pytest

from vedette.store.clock import Clock


def test_before_the_first_look_it_is_our_own() -> None:
    assert abs(Clock().now_ms() - time.time() * 1000) < 1000


def test_it_goes_on_from_what_the_database_said(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, at = Clock(), 500.0
    monkeypatch.setattr(time, "monotonic", lambda: at)
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    clock.set(1_000_000.0, asked=499.9)
    assert clock.now_ms() == 1_000_000_050, "half of the way there and back has passed"
    at = 503.0
    assert clock.now_ms() == 1_000_003_050


def test_an_answer_that_took_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    clock.set(1_000_000.0, asked=100.0)
    clock.set(1_000_060.0, asked=40.0)
    assert clock.now_ms() == 1_000_000_000


def test_a_bad_answer_is_better_than_none(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    clock.set(1_000_000.0, asked=98.0)
    assert clock.now_ms() == 1_000_001_000
