"""One queue of the local bus."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from vedette.bus.api import DELIVERY_LIMIT, Message, Outgoing, Queue

_MOST_OCTETS = 32 * 2**20
"""What waits here is in the memory of everything."""


@dataclass(slots=True)
class Entry:
    """A message that waits or is being handled. `expires_at` is in the loop's time."""

    message: Message
    expires_at: float | None = None
    done: asyncio.Future[None] | None = None


def entry_of(message: Outgoing, traceparent: str | None) -> Entry:
    """A message as published, ready to wait."""
    expires_at = None
    if message.ttl_ms is not None:
        expires_at = asyncio.get_running_loop().time() + message.ttl_ms / 1000
    return Entry(
        Message(
            key=message.key,
            body=message.body,
            id=message.id,
            traceparent=message.traceparent or traceparent,
            reply_to=message.reply_to,
            headers=message.headers,
        ),
        expires_at,
    )


class LocalQueue:
    """First in, first out. Like RabbitMQ's, it expires messages when they reach its head.

    `expire` takes those; `give_up` takes what came back from consumers more often than it may.
    """

    def __init__(
        self,
        queue: Queue,
        expire: Callable[[Queue, Entry], None],
        give_up: Callable[[Queue, Entry], None],
    ) -> None:
        self.queue = queue
        self._give_up = give_up
        self._limit = queue.limit
        self._octets = 0
        self._expire = expire
        self._entries: deque[Entry] = deque()
        self._arrived = asyncio.Event()
        self._turn = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def full(self) -> bool:
        """Whether it takes nothing more."""
        limit = self._limit
        return limit is not None and (
            len(self._entries) >= limit.messages or self._octets >= min(limit.octets, _MOST_OCTETS)
        )

    def put(self, entry: Entry) -> None:
        """Add at the end."""
        self._entries.append(entry)
        self._octets += len(entry.message.body)
        self._arrived.set()
        self._watch_head()

    def give_back(self, entry: Entry) -> None:
        """Put a message that was not dealt with at the head again."""
        if entry.message.attempt > DELIVERY_LIMIT and not self.queue.last_resort:
            self._give_up(self.queue, entry)
            return
        entry.message = replace(entry.message, attempt=entry.message.attempt + 1)
        self._entries.appendleft(entry)
        self._octets += len(entry.message.body)
        self._arrived.set()
        self._watch_head()

    async def get(self) -> Entry:
        """Take the first message; waits for one. Those who wait take turns."""
        async with self._turn:
            while True:
                self._drop_expired()
                if self._entries:
                    return self._take()
                self._arrived.clear()
                await self._arrived.wait()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _take(self) -> Entry:
        entry = self._entries.popleft()
        self._octets -= len(entry.message.body)
        return entry

    def _drop_expired(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._entries and (self._entries[0].expires_at or now + 1) <= now:
            self._expire(self.queue, self._take())

    def _watch_head(self) -> None:
        """A queue nobody reads must expire its messages too."""
        if self._timer is None and self._entries and self._entries[0].expires_at is not None:
            self._timer = asyncio.get_running_loop().call_at(
                self._entries[0].expires_at, self._head_is_due
            )

    def _head_is_due(self) -> None:
        self._timer = None
        self._drop_expired()
        self._watch_head()
