"""Which processes live and how their clocks go; when Vedette last told that it is well."""

from alembic import op

revision = "0009"
down_revision = "0008"

STATEMENTS = [
    # -- every process with a database ------------------------------------------------------
    """
    create table process (
        instance text primary key,
        service text not null,
        version text not null,
        -- Where it answers /metrics, as far as it knows.
        address text not null,
        -- Its clock less the database's, true to within the error.
        clock_ms double precision not null,
        clock_error_ms double precision not null,
        started_at timestamptz not null default now(),
        seen_at timestamptz not null default now()
    ) with (fillfactor = 50)""",
    # -- processor --------------------------------------------------------------------------
    # A prober's clock less the database's, less the time that its word was on the way.
    "alter table prober add column clock_ms double precision",
    # -- notifier ---------------------------------------------------------------------------
    """
    create table heartbeat (
        -- One row: whoever moves this on looks and pings, this time.
        looked_at timestamptz not null,
        pinged_at timestamptz,
        -- Why it was not pinged when it was last looked.
        withheld text
    )""",
    "insert into heartbeat (looked_at) values ('-infinity')",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
