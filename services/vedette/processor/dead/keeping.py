"""Parked messages as they are kept: whole, but for what jobs carry of secrets."""

from datetime import datetime
from typing import Any

import orjson

from vedette.bus import parking
from vedette.bus.api import Message
from vedette.bus.topology import EXPIRED, JOBS_PREFIX
from vedette.core.redaction import hidden_json
from vedette.store.dead import Dead

_OBSTACLE = "its definition was not kept when it was parked, for it may hold secrets"


def dead_of(message: Message, now: datetime) -> Dead:
    """A parked message as it is kept from now on."""
    told = parking.read(message)
    holds_jobs = told.queue.startswith(JOBS_PREFIX) or told.queue == EXPIRED.name
    return Dead(
        id=told.id,
        parked_at=now,
        queue=_storable(told.queue),
        routing_key=_storable(told.key),
        reason=_storable(told.reason),
        detail=None if told.detail is None else _storable(told.detail),
        attempts=told.attempts,
        message_id=message.id,
        traceparent=message.traceparent,
        reply_to=message.reply_to,
        headers={_storable(name): _storable(value) for name, value in told.headers.items()},
        body=_without_secrets(message.body) if holds_jobs else message.body,
    )


def _without_secrets(body: bytes) -> bytes:
    try:
        batch = orjson.loads(body)
    except ValueError:
        return body  # what made it knows no definitions either
    if isinstance(batch, dict) and isinstance(batch.get("jobs"), list):
        batch = {**batch, "jobs": [_without_definition(job) for job in batch["jobs"]]}
    return orjson.dumps(hidden_json(batch))


def _without_definition(job: Any) -> Any:
    """Put back, a job without its definition is one that can't be run, and says why."""
    if not isinstance(job, dict) or not isinstance(job.get("definition"), dict):
        return job
    definition = job["definition"]
    kept = {name: definition[name] for name in ("kind", "timeout_s") if name in definition}
    return {**job, "definition": {**kept, "target": {}, "obstacle": _OBSTACLE}}


def _storable(text: str) -> str:
    """Without the one character that PostgreSQL can't hold."""
    return text.replace("\0", "\ufffd")
