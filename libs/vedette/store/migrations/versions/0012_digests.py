"""Digests: one message that tells a recipient of many incidents."""

from alembic import op

revision = "0012"
down_revision = "0011"

STATEMENTS = [
    # -- notifier ---------------------------------------------------------------------------
    # How many deliveries a digest tells of; 0 for what is no digest.
    "alter table delivery add column members integer not null default 0",
    # The digest that tells of it, together with others. Such a row is never sent by itself.
    "alter table delivery add column digest_id uuid references delivery (id)",
    "create index delivery_by_digest on delivery (digest_id) where digest_id is not null",
    # What a recipient was told of lately.
    "create index delivery_by_recipient on delivery"
    " (channel_id, recipient, transition, created_at) where incident_id is not null",
    # The digest that still takes deliveries in: one a recipient and transition.
    "create unique index delivery_open_digest on delivery (channel_id, recipient, transition)"
    " where members > 0 and members < 500 and attempts = 0 and status = 'pending'",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
