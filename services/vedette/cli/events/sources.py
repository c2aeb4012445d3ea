"""Where events are read from: the stream on RabbitMQ, or the database."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

from vedette.bus import listening
from vedette.bus.listening import Offset
from vedette.cli.database import database
from vedette.cli.endings import complain
from vedette.cli.settings import UpSettings
from vedette.core.errors import Transient
from vedette.store import published
from vedette.store.pool import Connection, connection

_POLL_S = 0.5
_AT_ONCE = 500
_IDLE_S = 3
_PAUSE_S = 2
# A clock that is a little ahead of ours must not hide what it has told.
_LEEWAY = timedelta(seconds=10)


async def from_stream(url: str, since: datetime | None, *, follow: bool) -> AsyncGenerator[bytes]:
    """Events from RabbitMQ's stream. Following, it connects again for ever."""
    end = None if follow else await listening.newest(url)
    if not follow and end is None:
        return
    begin: Offset = ("next" if follow else "first") if since is None else since - _LEEWAY
    number = None
    while True:
        try:
            async for number, body in listening.listen(
                url, begin, idle_s=None if follow else _IDLE_S
            ):
                begin = number + 1
                yield body
        except Transient as error:
            if not follow:
                raise
            complain(f"{error}; connecting again")
            await asyncio.sleep(_PAUSE_S)
        else:
            if number is not None and end is not None and number < end:
                raise Transient("RabbitMQ stopped sending before the end of the stream")
            return


async def from_database(since: datetime | None, *, follow: bool) -> AsyncGenerator[bytes]:
    """Events from the database of an installation without RabbitMQ."""
    async with database(UpSettings()) as pool, connection(pool) as db:
        number = await _beginning(db, since, follow=follow)
        while True:
            found = await published.after(db, number, _AT_ONCE)
            for _, body in found:
                yield body
            number = found[-1][0] if found else number
            if len(found) < _AT_ONCE:
                if not follow:
                    return
                await asyncio.sleep(_POLL_S)


async def _beginning(db: Connection, since: datetime | None, *, follow: bool) -> int:
    if since is not None:
        return await published.last_before(db, since - _LEEWAY)
    return await published.last(db) if follow else 0
