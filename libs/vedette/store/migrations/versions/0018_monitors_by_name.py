"""An index for the status screen, which shows monitors by name, a page at a time."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists monitor_by_name")  # one left half made
        op.execute(
            "create index concurrently monitor_by_name on monitor"
            " (workspace_id, (lower(spec->>'name') collate \"C\"), id) where deleted_at is null"
        )
