"""Monitors that are told how their target is: what they report, and what is expected of them."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = [
    # -- gateway ----------------------------------------------------------------------------
    "alter table monitor add column passive boolean not null default false",
    "create index monitor_by_member on monitor using gin ((spec->'target'->'members'))"
    " where spec->>'kind' = 'group'",
    """
    create table passive_monitor (
        monitor_id uuid primary key references monitor (id),
        -- Whoever knows it may report.
        token text unique,
        -- When the processor has to look: at once (-infinity) when something was reported or has
        -- changed, else when a deadline is over. None: nothing is expected.
        wake_at timestamptz,
        -- What the processor remembers, and which revision of the definition that is about.
        vigil jsonb,
        revision bigint not null default 0,
        active_since timestamptz,
        read_through bigint not null default 0
    )""",
    "create index passive_monitor_due on passive_monitor (wake_at)",
    """
    create table report (
        monitor_id uuid not null references monitor (id),
        id bigint generated always as identity,
        at timestamptz not null,
        signal text not null,
        run text not null default '',
        exit_status smallint,
        message text,
        duration_ms double precision,
        method text not null,
        source text,
        agent text,
        body bytea,
        primary key (monitor_id, id)
    )""",
    "create index report_by_age on report (at)",
    # Since when some gateway has been there to listen without a break.
    "create table listening (since timestamptz not null)",
    "insert into listening values (now())",
    "create table gateway_instance (id text primary key, seen_at timestamptz not null)",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
