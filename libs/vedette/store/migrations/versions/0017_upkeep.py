"""When storage was looked after last, so that a leap of the database's clock is noticed."""

from alembic import op

revision = "0017"
down_revision = "0016"

STATEMENTS = [
    # -- processor --------------------------------------------------------------------------
    # One row. `leapt_from`: when it was looked after last before more time had passed by the clock
    # than passes between two looks; `leapt_at`: what the clock showed then.
    """
    create table upkeep (
        one boolean primary key default true check (one),
        ran_at timestamptz not null,
        leapt_from timestamptz,
        leapt_at timestamptz
    )
    """,
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
