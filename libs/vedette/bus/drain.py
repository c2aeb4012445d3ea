"""Letting work under way end."""

import asyncio
from collections.abc import Collection
from typing import Any


async def drain(tasks: Collection[asyncio.Task[Any]], within_s: float) -> None:
    """Wait for the tasks up to `within_s`, then cancel those that are left and wait for them."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=within_s)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
