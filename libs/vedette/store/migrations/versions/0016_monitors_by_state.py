"""Indexes for lists of monitors by state, so that those that are up are not read for the others."""

from alembic import op

revision = "0016"
down_revision = "0015"

# A check that finds its target as it was changes none of these columns, and so touches no index.
INDEXES = {
    "monitor_state_not_up": "monitor_state (workspace_id, state, monitor_id) where state <> 'up'",
    "monitor_paused": "monitor (workspace_id, id) where paused and deleted_at is null",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")  # one left half made
            op.execute(f"create index concurrently {name} on {what}")
