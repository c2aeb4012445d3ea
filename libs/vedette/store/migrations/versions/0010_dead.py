"""Parked messages, until somebody deals with them."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = [
    """
    create table dead_message (
        id uuid primary key,
        parked_at timestamptz not null default now(),
        -- Where it came from, and the key it was published with.
        queue text not null,
        routing_key text not null,
        reason text not null,
        detail text,
        attempts integer not null,
        message_id text,
        traceparent text,
        reply_to text,
        headers jsonb not null,
        -- Without secrets.
        body bytea not null,
        -- Asked to be put back: from when on somebody may try.
        replay_at timestamptz,
        trouble text
    )""",
    "create index dead_message_parked on dead_message (parked_at, id)",
    "create index dead_message_replay on dead_message (replay_at) where replay_at is not null",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
