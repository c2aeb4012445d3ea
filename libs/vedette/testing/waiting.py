"""Waiting for what a test expects, without guessing how long it takes."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(
    check: Callable[[], Awaitable[T]],
    *,
    within: float = ...,
    every: float = ...,
    what: str = ...,
) -> T: ...


@overload
async def eventually(
    check: Callable[[], T],
    *,
    within: float = ...,
    every: float = ...,
    what: str = ...,
) -> T: ...


async def eventually(
    check: Callable[[], Any],
    *,
    within: float = 10,
    every: float = 0.05,
    what: str = "",
) -> Any:
    """The first truthy value of `check`; an AssertionError once `within` seconds are over."""
    give_up = time.monotonic() + within
    while True:
        value = check()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > give_up:
            expected = what or getattr(check, "__qualname__", repr(check))
            raise AssertionError(f"not within {within:g} s: {expected} (last value: {value!r})")
        await asyncio.sleep(every)
