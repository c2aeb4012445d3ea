"""Probers, as they tell of themselves."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = [
    """
    create table prober (
        instance text primary key,
        -- A process that is started again under its name is another run.
        run uuid not null,
        name text not null,
        region text not null,
        version text not null,
        kinds jsonb not null,
        -- Kinds it can't check, and why.
        lacking jsonb not null,
        ipv6 boolean not null,
        in_flight integer not null,
        waiting integer not null,
        concurrency integer not null,
        since timestamptz not null default now(),
        seen_at timestamptz not null default now(),
        left_at timestamptz
    ) with (fillfactor = 50)""",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
