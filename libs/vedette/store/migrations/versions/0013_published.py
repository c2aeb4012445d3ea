"""Events of late, where no broker keeps them."""

from alembic import op

revision = "0013"
down_revision = "0012"

STATEMENTS = [
    """
    create table published_event (
        id bigint generated always as identity primary key,
        published_at timestamptz not null default now(),
        body bytea not null
    )""",
    "create index published_event_at on published_event (published_at)",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
