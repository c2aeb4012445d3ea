"""Of which revision of its monitor a state is, so that two definitions confirm nothing together."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("alter table monitor_state add column judged_revision bigint")
