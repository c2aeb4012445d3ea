"""Groups whose members changed, noted without waiting for whoever looks after them."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    # -- processor ------------------------------------------------------------------------------
    # A row for each change, deleted by who then sums the group up.
    op.execute("create table group_wake (group_id uuid not null)")
