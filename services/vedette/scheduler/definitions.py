"""From monitors' rows to what dispatching needs: secrets opened, jobs made ready."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import structlog
from pydantic import ValidationError

from vedette.core.errors import Permanent
from vedette.core.instants import to_ms
from vedette.core.kinds import parse_monitor
from vedette.scheduler.domain import Monitor
from vedette.store.sealing import opened
from vedette.store.secretbox import SecretBox

log = structlog.get_logger()
_AT_ONCE = 100
_MEND_THE_KEY = (
    "give the scheduler the key that the gateway has, or write the monitor's secrets anew"
)


async def monitors_of(rows: Sequence[Any], box: SecretBox) -> list[Monitor]:
    """Monitors, ready to be dispatched. Lets others go on between some and the next.

    One whose definition can't be read is checked as well, in vain: each check says why. That is
    our fault, and must not look as if its target were down, or as if nothing were watched.
    """
    hindered: list[str] = []
    monitors: list[Monitor] = []
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        monitors += [_monitor(row, _definition(row, box, hindered)) for row in some]
        await asyncio.sleep(0)
    if hindered:
        log.error("monitors can't be checked", monitors=len(hindered), first=hindered[0])
    return monitors


def _definition(row: Any, box: SecretBox, hindered: list[str]) -> dict[str, Any]:
    spec = row["spec"]
    try:
        return parse_monitor(opened(spec, row["id"], box)).probed(compact=True)
    except Permanent as error:
        obstacle = f"{error}; {_MEND_THE_KEY}"
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
        obstacle = f"the stored definition is not valid any more: {fields}"
    hindered.append(f"{row['id']}: {obstacle}")
    bare = {"kind": spec["kind"], "target": {}, "timeout_s": spec["timeout_s"]}
    return {**bare, "obstacle": obstacle}


def _monitor(row: Any, definition: dict[str, Any]) -> Monitor:
    head = orjson.dumps(
        {"monitor_id": str(row["id"]), "revision": row["revision"], "definition": definition}
    )
    return Monitor(
        id=row["id"],
        shard=row["shard"],
        version=row["version"],
        revision=row["revision"],
        interval_ms=row["spec"]["interval_s"] * 1000,
        regions=tuple(row["spec"]["regions"]),
        job_prefix=head[:-1] + b",",
        active_since=to_ms(row["active_since"]),
        rotating=row["spec"].get("regions_mode") == "rotate",
    )
