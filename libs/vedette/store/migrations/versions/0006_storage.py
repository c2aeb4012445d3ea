"""Rollups, retention by workspace and tag, and indexes for what was scanned."""

from alembic import op

revision = "0006"
down_revision = "0005"

# One row a monitor, hour or day, and region.
_ROLLUP = """(
    monitor_id uuid not null,
    at timestamptz not null,
    total_ms double precision not null,
    up integer not null,
    degraded integer not null,
    down integer not null,
    internal_error integer not null,
    missed integer not null,
    region text not null,
    -- How long the checks took that found it up or degraded; see vedette.core.histogram.
    buckets smallint[] not null,
    counts integer[] not null,
    primary key (monitor_id, at, region)
) partition by range (at)"""

STATEMENTS = [
    # -- processor --------------------------------------------------------------------------
    f"create table check_hourly {_ROLLUP}",
    "create table check_hourly_other partition of check_hourly default",
    f"create table check_daily {_ROLLUP}",
    "create table check_daily_other partition of check_daily default",
    """
    create table rollup_progress (
        grain text primary key,
        -- Everything before this is rolled up, and of the hour or day that begins here the
        -- monitors up to `monitor_id`.
        through timestamptz not null,
        monitor_id uuid not null
    )""",
    # Checks that came when their hour might have been rolled up already.
    """
    create table rollup_late (
        id bigint generated always as identity primary key,
        monitor_id uuid not null,
        hour timestamptz not null
    )""",
    # Up to when the checks of monitors that are kept for a shorter time are deleted.
    """
    create table check_pruned (
        monitor_id uuid primary key references monitor (id),
        through timestamptz not null
    )""",
    # When to see whether a monitor is still seen. No update of a check's changes it, so that those
    # need not touch its index.
    "alter table monitor_state add column look_at timestamptz not null default '-infinity'",
    "create index monitor_state_look on monitor_state (look_at)",
    # -- gateway ----------------------------------------------------------------------------
    """
    create table retention (
        workspace_id uuid primary key references workspace (id),
        -- The whole definition as its owner wrote it.
        spec jsonb not null,
        version bigint not null default 1,
        updated_at timestamptz not null default now()
    )""",
    # -- incidents --------------------------------------------------------------------------
    "create index incident_open_by_workspace on incident (workspace_id, id)"
    " where resolved_at is null",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
