"""Monitors as the API shows them: the definition, and how they stand."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record
from pydantic import BaseModel, Field, ValidationError, create_model

from vedette.core.errors import Permanent
from vedette.core.kinds import kinds, parse_monitor
from vedette.core.redaction import hidden_json, redacted
from vedette.core.state import State
from vedette.gateway.views.common import CheckSummary, Instant, View, shown
from vedette.store.sealing import covered, opened
from vedette.store.secretbox import SecretBox

# Some 5 KB each.
_REMEMBERED = 2000


class MonitorStanding(View):
    """How a monitor stands, besides its definition."""

    id: UUID
    state: State
    since: Instant = Field(description="Since when it is in this state.")
    last_check: CheckSummary | None
    paused: bool
    version: int = Field(description="Counts every write; also the ETag.")
    created_at: Instant
    updated_at: Instant
    ping_url: str | None = Field(
        description="Where reports go, of kinds heartbeat and push; whoever knows it may report. "
        "A path alone if VEDETTE_PUBLIC_URL is not set."
    )
    warnings: list[str] = Field(
        description="What keeps it from being checked, now or at times: no live prober in one of "
        "its regions, or one that can't check its kind."
    )


def monitor_models() -> tuple[type[BaseModel], ...]:
    """One model a kind: its definition and its standing together."""
    return tuple(
        create_model(f"{kind.capitalize()}MonitorRead", __base__=(MonitorStanding, definition))
        for kind, definition in kinds().items()
    )


def monitor_view(
    row: Record, *, box: SecretBox, public_url: str | None, warnings: Iterable[str] = ()
) -> dict[str, Any]:
    """A row of `store.monitors` as an answer: the definition without its secrets, then the rest."""
    standing = MonitorStanding(
        id=row["id"],
        state=row["state"],
        since=row["since"],
        last_check=row["last_check"],
        paused=row["paused"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        ping_url=_ping_url(row, public_url),
        warnings=list(warnings),
    )
    definition = _definition(orjson.dumps(row["spec"]), row["id"], box)
    return {"id": str(row["id"]), **definition, **shown(standing)}


@lru_cache(maxsize=_REMEMBERED)
def _definition(stored: bytes, monitor: UUID, box: SecretBox) -> dict[str, Any]:
    """The definition, to be read only: it is shown again and again, and hardly ever changes."""
    spec = orjson.loads(stored)
    try:
        return redacted(parse_monitor(opened(spec, monitor, box)))
    except (Permanent, ValidationError):
        # Sealed with another key, or written by another version: one must not hide all others.
        hidden: dict[str, Any] = hidden_json(covered(spec))
        return hidden


def _ping_url(row: Record, public_url: str | None) -> str | None:
    if row["token"] is None:
        return None
    path = {"heartbeat": "/ping", "push": "/api/push"}[row["spec"]["kind"]]
    return f"{(public_url or '').rstrip('/')}{path}/{row['token']}"
