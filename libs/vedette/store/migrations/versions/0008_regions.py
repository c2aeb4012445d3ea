"""The health of regions, and who was told of it."""

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = [
    # -- processor --------------------------------------------------------------------------
    "alter table prober add column uplink boolean",
    """
    create table region_health (
        region text primary key,
        healthy boolean not null default true,
        since timestamptz not null default now(),
        -- What it looks like, which must last before it counts.
        looks_bad boolean not null default false,
        looks_so_since timestamptz not null default now(),
        looked_at timestamptz not null default now(),
        had_prober boolean not null default false,
        trouble text,
        message text,
        results_at timestamptz,
        -- While it is unhealthy: what its messages belong together by.
        outage_id uuid
    ) with (fillfactor = 50)""",
    """
    create table region_notice (
        outage_id uuid not null,
        workspace_id uuid not null references workspace (id),
        -- As it was told, for its end.
        outage jsonb not null,
        told_at timestamptz not null default now(),
        ended_at timestamptz,
        primary key (outage_id, workspace_id)
    )""",
    "create index region_notice_open on region_notice (outage_id) where ended_at is null",
    # -- notifier ---------------------------------------------------------------------------
    # Of a message about a region: which. Then incident_id is that of the region's outage.
    "alter table delivery add column region text",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
