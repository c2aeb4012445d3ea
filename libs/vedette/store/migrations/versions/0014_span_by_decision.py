"""An index for changes of state that nobody followed yet, so that few need be looked at."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    # There may be millions of spans, and who judges must not wait.
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists span_by_decision")  # one left half made
        op.execute("create index concurrently span_by_decision on span (decided_at)")
