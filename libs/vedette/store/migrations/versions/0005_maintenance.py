"""Maintenance and reminders."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = [
    # -- gateway: when alerts wait ----------------------------------------------------------
    """
    create table maintenance (
        id uuid primary key,
        workspace_id uuid not null references workspace (id),
        -- The whole definition as its owner wrote it.
        spec jsonb not null,
        version bigint not null default 1,
        -- Up to here its windows were written down, and told of.
        followed_until timestamptz not null default date_trunc('milliseconds', now()),
        -- When a window begins or ends next. None: never again.
        next_turn_at timestamptz default '-infinity',
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        deleted_at timestamptz
    )""",
    "create index maintenance_by_workspace on maintenance (workspace_id, id)"
    " where deleted_at is null",
    "create index maintenance_due on maintenance (next_turn_at) where next_turn_at is not null",
    # -- incidents --------------------------------------------------------------------------
    """
    create table maintenance_window (
        maintenance_id uuid not null references maintenance (id),
        started_at timestamptz not null,
        workspace_id uuid not null,
        -- None while it goes on.
        ended_at timestamptz,
        -- Whose alerts waited.
        everything boolean not null,
        monitors uuid[] not null,
        tags text[] not null,
        primary key (maintenance_id, started_at)
    )""",
    "create index maintenance_window_by_end on maintenance_window (workspace_id, ended_at)",
    "create unique index maintenance_window_open on maintenance_window (maintenance_id)"
    " where ended_at is null",
    # What waits for the end of a maintenance: the change that would open an incident, and why.
    "alter table incident_cursor add column held jsonb",
    "alter table incident_cursor add column held_until timestamptz",
    "create index incident_cursor_held on incident_cursor (held_until)"
    " where held_until is not null",
    "alter table incident add column held jsonb",
    "alter table incident add column reminded_at timestamptz",
    "alter table incident add column reminders integer not null default 0",
    # -- notifier ---------------------------------------------------------------------------
    # Which of an incident's reminders it is; 0 for what is said once.
    "alter table delivery add column number integer not null default 0",
    "alter table delivery add constraint delivery_once"
    " unique (incident_id, transition, number, channel_id, recipient)",
    "alter table delivery drop constraint delivery_incident_id_transition_channel_id_recipient_key",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
