"""Kind `postgres`: a login to PostgreSQL, and a query if one is given.

Up when the connection is made, TLS is agreed on if it is asked for, the user may log in to the
database, the query (`SELECT 1` without one) is answered, and every assertion holds. What the
server refuses has the reason `status`, with its words and SQLSTATE.

The query is one statement. It runs in a transaction that may only read and is rolled back, unless
`read_only` is false, and is ended by the server when the check's time is over. Assertions may
look at `json` (the rows, as a list of objects), `body` (the first value of the first row, as
text; `null` for NULL), `size` (the bytes of the body), and `certificate`. The first 100 rows are
kept, and no more than 1 MiB is received.

Phases: resolve, connect, starttls, tls, login, query. Facts: `version`, `in_recovery` (whether it
is a standby) and `read_only`, as PostgreSQL 14 and newer tell them, and `rows`.
"""

from typing import Literal

from pydantic import Field

from vedette.core.databases import SqlTarget, Word
from vedette.core.hosts import Port
from vedette.core.monitor import ProbedSpec


class PostgresTarget(SqlTarget):
    """A PostgreSQL server, and what to ask there."""

    port: Port = 5432
    database: Word | None = Field(
        default=None, description="The database. Default: the one that is called as the user."
    )

    def summary(self) -> str:
        """The host, the port and the database."""
        return f"PostgreSQL {self.peer}/{self.database or self.user}"


class PostgresMonitor(ProbedSpec):
    """A monitor of kind postgres."""

    kind: Literal["postgres"] = "postgres"
    target: PostgresTarget
