"""Starting checks together that are due in the same moment.

To wake up for each costs a process that has little to do about as much again as the check itself.
"""

import asyncio
import time

_MOMENT_MS = 20


class Moments:
    """The moments that checks wait for, with one timer each."""

    def __init__(self) -> None:
        self._awaited: dict[int, asyncio.Event] = {}

    async def end_of(self, at_ms: int) -> None:
        """Wait for the end of the moment that an instant (Unix ms) is in: never for less."""
        moment = -(-at_ms // _MOMENT_MS)
        ended = self._awaited.get(moment)
        if ended is None:
            ended = self._awaited[moment] = asyncio.Event()
            left_s = moment * _MOMENT_MS / 1000 - time.time()
            asyncio.get_running_loop().call_later(max(left_s, 0), self._end, moment)
        await ended.wait()

    def _end(self, moment: int) -> None:
        self._awaited.pop(moment).set()
