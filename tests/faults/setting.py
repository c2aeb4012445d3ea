"""What a fault is, and what it works with."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.faults.place import Place

P_co = TypeVar("P_co", bound=Place, covariant=True)
P_contra = TypeVar("P_contra", bound=Place, contravariant=True)


@dataclass(frozen=True)
class Setting(Generic[P_co]):
    """What a fault works with: `pace` shortens what lasts long, `until` (Unix ms) ends it all."""

    world: P_co
    chance: random.Random
    pace: float
    until: int

    async def last(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(min(seconds * self.pace, max(self.until / 1000 - time.time(), 0)))


@dataclass(frozen=True)
class Fault(Generic[P_contra]):
    """`blind` ones keep everything from being seen, or, with a `region`, what it alone watches.

    Those `beside` go on while others come.
    """

    name: str
    inject: Callable[[Setting[P_contra]], Awaitable[None]]
    blind: bool = False
    region: str | None = None
    beside: bool = False
    obstacle: Callable[[], str | None] = lambda: None
