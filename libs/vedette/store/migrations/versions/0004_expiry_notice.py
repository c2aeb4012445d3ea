"""Of which certificates and registrations that end soon people were told."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = [
    # -- processor --------------------------------------------------------------------------
    """
    create table expiry_notice (
        monitor_id uuid not null references monitor (id),
        what text not null,
        -- Which certificate or registration: another one after each renewal.
        identity text not null,
        -- For how many days that are left people were told.
        threshold smallint not null,
        expires_at timestamptz not null,
        told_at timestamptz not null default now(),
        primary key (monitor_id, what, identity, threshold)
    )""",
    "create index expiry_notice_by_end on expiry_notice (expires_at)",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
