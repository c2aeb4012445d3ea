"""Regions that are doubted, and checks that had no say for it."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = [
    # -- processor --------------------------------------------------------------------------
    # When a processor last saw most of a region's results fail against what others say.
    "alter table region_health add column doubted_at timestamptz",
    # Why a check was no vote, whatever its outcome: its region is broken.
    "alter table check_result add column no_say text",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
