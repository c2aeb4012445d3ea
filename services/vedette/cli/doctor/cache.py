"""Redis, which may forget everything, but slows requests down while it can't be reached."""

from redis.asyncio import Redis
from redis.exceptions import RedisError

from vedette.core.wellness import Finding, Level

_PATIENCE_S = 3


async def examine(url: str) -> list[Finding]:
    """How Redis stands."""
    redis = Redis.from_url(url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S)
    try:
        info = await redis.info()
    except (RedisError, OSError, TimeoutError) as error:
        return [
            Finding(
                "Redis",
                Level.BAD,
                f"can't be reached: {str(error) or type(error).__name__}",
                "Start Redis, or mend VEDETTE_REDIS_URL; until then the API limits no rates and"
                " takes no Idempotency-Key.",
            )
        ]
    finally:
        await redis.aclose()
    words = f"{info['redis_version']}, {info['used_memory_human']} used"
    return [Finding("Redis", Level.OK, words)]
