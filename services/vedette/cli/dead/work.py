"""What the commands do."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import typer

from vedette.cli.database import database
from vedette.cli.dead import showing
from vedette.cli.settings import UpSettings
from vedette.core.errors import Permanent
from vedette.store import dead
from vedette.store.dead import Dead, Selection
from vedette.store.pool import Connection, Pool, connection

_MOST = 1_000_000
_POLL_S = 0.2
_ID = re.compile(r"[0-9a-f-]{4,36}")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person asked for."""

    ids: Sequence[str]
    everything: bool
    queue: str | None
    reason: str | None


async def list_all(queue: str | None, reason: str | None, limit: int, *, json: bool) -> None:
    """List what there is."""
    async with database(UpSettings()) as pool, connection(pool) as db:
        found = await dead.find(db, Selection(None, queue, reason), limit)
        total = sum(one.count for one in await dead.counts(db) if _fits(one, queue, reason))
    showing.table(found, total, json=json)


async def show(id: str) -> None:
    """Print one whole."""
    async with database(UpSettings()) as pool:
        (found,) = await _chosen(pool, Choice([id], everything=False, queue=None, reason=None))
    showing.whole(found)


async def replay(choice: Choice, *, dry_run: bool, wait_s: float, json: bool) -> None:
    """Have messages put back, and see that they are. Raises Permanent if not all were in time."""
    async with database(UpSettings()) as pool:
        chosen = await _chosen(pool, choice)
        if dry_run or not chosen:
            showing.would_replay(chosen, json=json)
            return
        ids = [message.id for message in chosen]
        async with connection(pool) as db:
            await dead.ask_for_replay(db, ids)
        left = await _left_after(pool, ids, wait_s)
    showing.replayed(chosen, left, json=json)
    refused = [message for message in left if message.trouble is not None]
    if refused:
        raise Permanent(f"{len(refused)} could not be put back, and stay: {refused[0].trouble}")
    if left:
        raise Permanent(
            f"{len(left)} are not put back yet; a processor does it as soon as it runs and reaches"
            " the bus"
        )


async def drop(choice: Choice, *, yes: bool, json: bool) -> None:
    """Delete messages, if the person means it."""
    async with database(UpSettings()) as pool:
        chosen = await _chosen(pool, choice)
        if chosen and not yes:
            showing.table(chosen, len(chosen), json=False)
            typer.confirm(f"Delete {showing.messages(len(chosen))} for good?", abort=True, err=True)
        async with connection(pool) as db:
            dropped = await dead.drop(db, [message.id for message in chosen])
    showing.dropped(dropped, json=json)


async def _chosen(pool: Pool, choice: Choice) -> list[Dead]:
    filtered = choice.queue is not None or choice.reason is not None
    if choice.ids and (choice.everything or filtered):
        raise Permanent("name ids, or choose by --all, --queue and --reason; not both")
    if not choice.ids and not choice.everything and not filtered:
        raise Permanent("name ids, or choose by --all, --queue or --reason")
    async with connection(pool) as db:
        ids = [await _found(db, id) for id in choice.ids] or None
        return await dead.find(db, Selection(ids, choice.queue, choice.reason), _MOST)


async def _found(db: Connection, id: str) -> UUID:
    start = id.lower()
    if _ID.fullmatch(start) is None:
        raise Permanent(f"{id!r} is no id: four hexadecimal digits of one are enough if it is one")
    found = await dead.beginning_with(db, start)
    if not found:
        raise Permanent(f"no parked message has the id {id}: see `vedette dead list`")
    if len(found) > 1:
        raise Permanent(f"several ids begin with {id}: give more of it")
    return found[0]


async def _left_after(pool: Pool, ids: Sequence[UUID], wait_s: float) -> list[Dead]:
    """Those that are still there when all is settled, or the time is over."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    while True:
        async with connection(pool) as db:
            left = await dead.find(db, Selection(ids), len(ids))
        if all(message.trouble is not None for message in left) or loop.time() > until:
            return left
        await asyncio.sleep(_POLL_S)


def _fits(count: dead.Count, queue: str | None, reason: str | None) -> bool:
    return queue in {None, count.queue} and reason in {None, count.reason}
