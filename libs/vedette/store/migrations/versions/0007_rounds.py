"""Rounds of several regions that wait for votes, and votes that came too late."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = [
    # -- processor --------------------------------------------------------------------------
    # Only of monitors with several regions, and only while a quorum is not reached.
    """
    create table open_round (
        monitor_id uuid not null,
        slot timestamptz not null,
        -- When it is judged by the votes there are.
        closes_at timestamptz not null,
        primary key (monitor_id, slot)
    )""",
    "create index open_round_by_end on open_round (closes_at)",
    # Whether it came after its round was judged. None: no.
    "alter table check_result add column late boolean",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
