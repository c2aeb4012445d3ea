"""A small shared memory: counters and values that may vanish. Redis apart, a dict in `up`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from vedette.core.errors import Transient


class Cache(Protocol):
    """Keys with a time to live. Methods raise Transient while the cache is out of reach."""

    async def increment(self, key: str, ttl_s: int) -> int:
        """Count up and return the count; a first count starts the time to live."""
        ...

    async def get(self, key: str) -> bytes | None:
        """The value, or None."""
        ...

    async def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Set the value."""
        ...

    async def add(self, key: str, value: bytes, ttl_s: int) -> bool:
        """Set the value unless there is one; whether it was set."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the key."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class MemoryCache:
    """The cache of one process."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[float, bytes]] = {}
        self._swept = 0.0

    async def increment(self, key: str, ttl_s: int) -> int:
        """Count up and return the count; a first count starts the time to live."""
        held = self._live(key)
        if held is None:
            await self.put(key, b"1", ttl_s)
            return 1
        count = int(held[1]) + 1
        self._values[key] = (held[0], str(count).encode())
        return count

    async def get(self, key: str) -> bytes | None:
        """The value, or None."""
        held = self._live(key)
        return held and held[1]

    async def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Set the value."""
        self._sweep()
        self._values[key] = (time.monotonic() + ttl_s, value)

    async def add(self, key: str, value: bytes, ttl_s: int) -> bool:
        """Set the value unless there is one; whether it was set."""
        if self._live(key) is not None:
            return False
        await self.put(key, value, ttl_s)
        return True

    async def delete(self, key: str) -> None:
        """Forget the key."""
        self._values.pop(key, None)

    async def close(self) -> None:
        """Nothing to let go of."""

    def _live(self, key: str) -> tuple[float, bytes] | None:
        held = self._values.get(key)
        return held if held and held[0] > time.monotonic() else None

    def _sweep(self) -> None:
        now = time.monotonic()
        if now - self._swept > 60:
            self._swept = now
            self._values = {k: v for k, v in self._values.items() if v[0] > now}


class RedisCache:
    """The cache that processes share."""

    def __init__(self, url: str) -> None:
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        self._redis = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        self._errors = (RedisError, OSError, TimeoutError)

    async def increment(self, key: str, ttl_s: int) -> int:
        """Count up and return the count; a first count starts the time to live."""
        with self._in_reach():
            async with self._redis.pipeline(transaction=True) as commands:
                commands.incr(key)
                commands.expire(key, ttl_s, nx=True)
                count, _ = await commands.execute()
        return int(count)

    async def get(self, key: str) -> bytes | None:
        """The value, or None."""
        with self._in_reach():
            value = await self._redis.get(key)
        return value.encode() if isinstance(value, str) else value

    async def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Set the value."""
        with self._in_reach():
            await self._redis.set(key, value, ex=ttl_s)

    async def add(self, key: str, value: bytes, ttl_s: int) -> bool:
        """Set the value unless there is one; whether it was set."""
        with self._in_reach():
            return bool(await self._redis.set(key, value, ex=ttl_s, nx=True))

    async def delete(self, key: str) -> None:
        """Forget the key."""
        with self._in_reach():
            await self._redis.delete(key)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    @contextmanager
    def _in_reach(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise Transient(f"cache: {error or type(error).__name__}") from error


def open_cache(url: str | None) -> Cache:
    """Redis at `url` (`redis://…`), or the memory of this process without one."""
    return RedisCache(url) if url else MemoryCache()
