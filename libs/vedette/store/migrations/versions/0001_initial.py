"""The first schema."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = [
    # -- gateway: who may ask, and what is watched ------------------------------------------
    """
    create table workspace (
        id uuid primary key,
        name text not null,
        created_at timestamptz not null default now()
    )""",
    """
    create table api_key (
        id uuid primary key,
        workspace_id uuid not null references workspace (id),
        name text not null,
        hash bytea not null unique,
        created_at timestamptz not null default now(),
        revoked_at timestamptz
    )""",
    """
    create table channel (
        id uuid primary key,
        workspace_id uuid not null references workspace (id),
        name text not null,
        kind text not null,
        sealed_config bytea not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        deleted_at timestamptz
    )""",
    "create index channel_by_workspace on channel (workspace_id, id) where deleted_at is null",
    """
    create table monitor (
        id uuid primary key,
        workspace_id uuid not null references workspace (id),
        shard smallint not null,
        -- The whole definition as its owner wrote it; what queries need stands beside it.
        spec jsonb not null,
        target text not null,
        paused boolean not null default false,
        -- When it was made or last resumed: its first slot, due at once.
        active_since timestamptz not null default date_trunc('milliseconds', now()),
        -- Counts every write (If-Match); `revision` only what changes the meaning of a check.
        version bigint not null default 1,
        revision bigint not null default 1,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        deleted_at timestamptz
    )""",
    "create index monitor_by_workspace on monitor (workspace_id, id) where deleted_at is null",
    "create index monitor_by_shard on monitor (shard) where deleted_at is null",
    "create index monitor_by_change on monitor (updated_at)",
    # -- scheduler --------------------------------------------------------------------------
    """
    create table shard (
        id smallint primary key,
        owner text,
        token bigint not null default 0,
        expires_at timestamptz not null default '-infinity',
        -- Every slot up to here was dispatched or recorded as missed. None: never owned.
        watermark timestamptz
    )""",
    "insert into shard (id) select generate_series(0, 63)",
    """
    create table scheduler_instance (
        id text primary key,
        seen_at timestamptz not null
    )""",
    # -- processor --------------------------------------------------------------------------
    """
    create table check_result (
        monitor_id uuid not null,
        slot timestamptz not null,
        region text not null,
        outcome text not null,
        reason text,
        message text,
        revision bigint not null,
        started_at timestamptz,
        duration_ms real,
        detail jsonb,
        primary key (monitor_id, slot, region)
    ) partition by range (slot)""",
    "create table check_result_other partition of check_result default",
    """
    create table check_evidence (
        monitor_id uuid not null,
        slot timestamptz not null,
        region text not null,
        evidence jsonb not null,
        primary key (monitor_id, slot, region)
    )""",
    "create index check_evidence_by_slot on check_evidence (slot)",
    """
    create table monitor_state (
        monitor_id uuid primary key references monitor (id),
        workspace_id uuid not null,
        state text not null,
        since timestamptz not null,
        -- Counts this monitor's changes of state, without gaps.
        sequence bigint not null,
        -- The last state that was judged from votes: up, degraded or down.
        verdict text,
        failures integer not null default 0,
        successes integer not null default 0,
        run_since timestamptz,
        round timestamptz,
        last_vote timestamptz,
        recheck timestamptz,
        cause jsonb,
        last_check jsonb
    ) with (fillfactor = 70)""",
    """
    create table span (
        monitor_id uuid not null references monitor (id),
        sequence bigint not null,
        workspace_id uuid not null,
        state text not null,
        started_at timestamptz not null,
        ended_at timestamptz,
        decided_at timestamptz not null,
        cause jsonb,
        primary key (monitor_id, sequence)
    )""",
    # -- incidents --------------------------------------------------------------------------
    """
    create table incident (
        id uuid primary key,
        workspace_id uuid not null references workspace (id),
        monitor_id uuid not null references monitor (id),
        state text not null,
        severity text not null,
        since timestamptz not null,
        opened_at timestamptz not null,
        opened_by bigint not null,
        resolved_at timestamptz,
        recovered_at timestamptz,
        resolution text,
        cause jsonb not null,
        channels uuid[] not null
    )""",
    "create unique index incident_open on incident (monitor_id) where resolved_at is null",
    "create unique index incident_by_cause on incident (monitor_id, opened_by)",
    "create index incident_by_workspace on incident (workspace_id, id)",
    """
    create table incident_cursor (
        monitor_id uuid primary key references monitor (id),
        -- The last change of state (span.sequence) that was turned into incidents.
        sequence bigint not null
    )""",
    # -- notifier ---------------------------------------------------------------------------
    """
    create table delivery (
        id uuid primary key,
        workspace_id uuid not null references workspace (id),
        incident_id uuid,
        channel_id uuid not null references channel (id),
        kind text not null,
        recipient text not null,
        transition text not null,
        event jsonb not null,
        status text not null default 'pending',
        attempts integer not null default 0,
        next_attempt_at timestamptz default now(),
        claimed_by text,
        lane text not null,
        error text,
        provider_id text,
        created_at timestamptz not null default now(),
        sent_at timestamptz,
        unique (incident_id, transition, channel_id, recipient)
    )""",
    "create index delivery_due on delivery (next_attempt_at) where status = 'pending'",
    "create index delivery_by_workspace on delivery (workspace_id, created_at desc, id desc)",
    "create index delivery_by_channel on delivery (channel_id)",
    # -- shared -----------------------------------------------------------------------------
    """
    create table outbox (
        id bigint generated always as identity primary key,
        event_id uuid not null,
        routing_key text not null,
        traceparent text,
        body bytea not null,
        created_at timestamptz not null default now()
    )""",
    """
    create table inbox (
        consumer text not null,
        event_id uuid not null,
        seen_at timestamptz not null default now(),
        primary key (consumer, event_id)
    )""",
    "create index inbox_by_age on inbox (seen_at)",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
