"""Messages that nobody could deal with."""

from __future__ import annotations

import aio_pika

from vedette.bus.topology import DEAD


async def parked(url: str) -> list[str]:
    """What lies parked, with the reason; it stays there."""
    found: list[str] = []
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue(DEAD.name, ensure=False)
        while (message := await queue.get(fail=False, no_ack=False)) is not None:
            headers = message.headers
            reason = headers.get("vedette-reason") or headers.get("x-first-death-reason")
            place = headers.get("vedette-queue") or headers.get("x-first-death-queue")
            found.append(f"{place!s}: {reason!s}")
    return found
