"""The way from a slot to a message, as the heartbeat judges it, and what is known besides."""

from typing import Any

from vedette.core.figures import Figures
from vedette.core.wellness import Finding, Level, examined
from vedette.store import dead
from vedette.store.pool import Connection

_STATES = """
select s.state, count(*) as n from monitor m left join monitor_state s on s.monitor_id = m.id
where m.deleted_at is null group by 1 order by 2 desc"""
_FAILED = """
select count(*) as n, max(error) as error from delivery
where status = 'failed' and created_at > now() - interval '24 hours'"""
_HEARTBEAT = """
select extract(epoch from now() - nullif(looked_at, '-infinity'))::float8 as looked,
    extract(epoch from now() - pinged_at)::float8 as pinged, withheld from heartbeat"""
_NEVER_S = 600


async def examine(db: Connection, figures: Figures) -> list[Finding]:
    """How it goes."""
    return [
        *examined(figures),
        await _failed(db),
        await _parked(db),
        await _monitors(db),
        await _heartbeat(db),
    ]


async def _failed(db: Connection) -> Finding:
    row: Any = await db.fetchrow(_FAILED)
    if row["n"]:
        return Finding(
            "given up",
            Level.WARN,
            f"{row['n']} messages of the last 24 hours, one because: {row['error']}",
            "Mend the channel or the provider's settings; GET /api/v1/deliveries?status=failed"
            " lists them.",
        )
    return Finding("given up", Level.OK, "no message of the last 24 hours")


async def _parked(db: Connection) -> Finding:
    parked = sum(found.count for found in await dead.counts(db))
    if parked:
        return Finding(
            "parked",
            Level.WARN,
            f"{parked} messages that no service could deal with",
            "See why with `vedette dead list`, then have them put back, or drop them.",
        )
    return Finding("parked", Level.OK, "no message")


async def _monitors(db: Connection) -> Finding:
    rows = await db.fetch(_STATES)
    counts = {row["state"] or "without a state": row["n"] for row in rows}
    words = ", ".join(f"{count} {state}" for state, count in counts.items()) or "none yet"
    if unknown := counts.get("unknown"):
        return Finding(
            "monitors",
            Level.WARN,
            words,
            f"Nobody has seen the targets of {unknown} monitors for three intervals: see to their"
            " regions' probers, or read their checks' messages.",
        )
    return Finding("monitors", Level.OK, words)


async def _heartbeat(db: Connection) -> Finding:
    row: Any = await db.fetchrow(_HEARTBEAT)
    if row["withheld"]:
        return Finding(
            "heartbeat",
            Level.WARN,
            f"not sent: {row['withheld']}",
            "It is sent again once that is mended.",
        )
    if row["looked"] is None or row["looked"] > _NEVER_S:
        words = "not in use of late: who is behind VEDETTE_HEARTBEAT_URL tells when we are not well"
        return Finding("heartbeat", Level.OK, words)
    return Finding("heartbeat", Level.OK, f"sent {row['pinged'] or 0:.0f} s ago")
