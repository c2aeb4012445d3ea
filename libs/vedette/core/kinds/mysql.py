"""Kind `mysql`: a login to MySQL or MariaDB, and a query if one is given.

Up when the connection is made, TLS is agreed on if it is asked for, the user may log in (to the
database, if one is named), a ping and the query are answered, and every assertion holds. What the
server refuses has the reason `status`, with its words and number.

The query is one statement. It runs in a session that may only read, unless `read_only` is false,
and the server is told to end it when the check's time is over. Assertions
may look at `json` (the rows, as a list of objects), `body` (the first value of the first row, as
text; `null` for NULL), `size` (the bytes of the body), and `certificate`. The first 100 rows are
kept, and no more than 1 MiB is received.

Phases: resolve, connect, starttls, tls, login, query. Facts: `version`, `read_only` (whether the
server takes no writes, as replicas are set), and `rows`. A password is never sent in the clear
without TLS, whatever the server asks for.
"""

from typing import Literal

from pydantic import Field

from vedette.core.databases import SqlTarget, Word
from vedette.core.hosts import Port
from vedette.core.monitor import ProbedSpec


class MysqlTarget(SqlTarget):
    """A MySQL or MariaDB server, and what to ask there."""

    port: Port = 3306
    database: Word | None = Field(default=None, description="The database. Default: none.")

    def summary(self) -> str:
        """The host, the port and the database."""
        return f"MySQL {self.peer}" + (f"/{self.database}" if self.database else "")


class MysqlMonitor(ProbedSpec):
    """A monitor of kind mysql."""

    kind: Literal["mysql"] = "mysql"
    target: MysqlTarget
