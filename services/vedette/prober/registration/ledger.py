"""What others have answered, kept so that they are not asked again for a while."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from vedette.prober.registration.unanswered import Unanswered

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Entry(Generic[_Answer]):
    """An answer, or why there is none, and when it was asked for (Unix seconds)."""

    found: _Answer | Unanswered
    asked_at: float
    good_until: float
    """By the monotonic clock."""

    @property
    def answer(self) -> _Answer:
        """The answer. Raises Unanswered."""
        if isinstance(self.found, Unanswered):
            raise self.found.again()
        return self.found


class Ledger(Generic[_Answer]):
    """Answers by key. Several that need the same one wait for it together."""

    def __init__(self, *, kept_s: float, most: int, outlasting: bool = False) -> None:
        """An answer is kept that long; with `outlasting`, until there is another one."""
        self._kept_s = kept_s
        self._most = most
        self._outlasting = outlasting
        self._entries: OrderedDict[str, Entry[_Answer]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Entry[_Answer]]] = {}

    async def get(
        self, key: str, ask: Callable[[], Awaitable[_Answer]], timeout_s: float | None = None
    ) -> tuple[Entry[_Answer], bool] | None:
        """What is known, and whether it is fresh; None if asking takes longer than the timeout.

        `ask` may raise Unanswered. It goes on beyond the timeout, for whoever comes next.
        """
        entry = self._entries.get(key)
        if entry is not None and time.monotonic() < entry.good_until:
            return entry, False
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(key, ask))
            asking.add_done_callback(_told)
        await asyncio.wait({asking}, timeout=timeout_s)
        return (asking.result(), True) if asking.done() else None

    async def close(self) -> None:
        """Ask no more."""
        asking = list(self._asking.values())
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _ask(self, key: str, ask: Callable[[], Awaitable[_Answer]]) -> Entry[_Answer]:
        began, began_at = time.monotonic(), time.time()
        try:
            entry = Entry(await ask(), began_at, began + self._kept_s)
        except Unanswered as unanswered:
            entry = self._without(key, unanswered, began, began_at)
        finally:
            del self._asking[key]
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)
        return entry

    def _without(
        self, key: str, unanswered: Unanswered, began: float, began_at: float
    ) -> Entry[_Answer]:
        until = began + unanswered.again_after_s
        last = self._entries.get(key)
        if self._outlasting and last is not None and not isinstance(last.found, Unanswered):
            return Entry(last.found, last.asked_at, until)
        return Entry(unanswered, began_at, until)


def _told(asking: asyncio.Task[Entry[_Answer]]) -> None:
    if not asking.cancelled():
        asking.exception()  # told by every check that waited
