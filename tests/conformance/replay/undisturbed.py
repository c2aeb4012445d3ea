"""Looking until the machine lets us see."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.conformance.observation import Observation

_HELD_UP = "the prober itself stood still"


async def undisturbed(look: Callable[[], Awaitable[Observation]]) -> Observation:
    """What is seen by who was not held up: a machine too busy to see says nothing of a case."""
    while True:
        observation = await look()
        if not any(_HELD_UP in (result.message or "") for result in observation.results):
            return observation
        await asyncio.sleep(1)
