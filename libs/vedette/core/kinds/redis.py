"""Kind `redis`: a login to Redis or Valkey, and a command if one is given.

Up when the connection is made, TLS is agreed on if it is asked for, the password (if any) is
taken, the database is there, PING and the command are answered, and every assertion holds. What
the server refuses has the reason `status`, with its words. A server of a cluster is asked itself:
where it says that another has the key, that is its answer.

The command runs at every check of every region, so let it only read. Assertions may look at
`body` (a text as it is, anything else as JSON, `null` for a key that is not there), `json` (the
same, read as JSON), `size` (the bytes of the body), and `certificate`. No more than 1 MiB is
received.

Phases: resolve, connect, tls, login, query. Facts, of Redis 6 and newer: `version` and `role`
(master or replica).
"""

import shlex
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator

from vedette.core.databases import DatabaseTarget, Word
from vedette.core.hosts import Port
from vedette.core.monitor import ProbedSpec

# They have no one answer, or make of the connection something that has none.
_ENDLESS = frozenset(
    {"MONITOR", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "SYNC", "PSYNC", "HELLO", "QUIT", "RESET"}
)


def _words(command: Any) -> Any:
    return shlex.split(command) if isinstance(command, str) else command


Command = Annotated[
    list[Annotated[str, StringConstraints(max_length=65_536)]],
    BeforeValidator(_words, json_schema_input_type=list[str] | str),
    Field(min_length=1, max_length=100),
]


class RedisTarget(DatabaseTarget):
    """A Redis server, and what to ask there."""

    port: Port = 6379
    user: Word | None = Field(
        default=None, description="Who logs in (ACL, Redis 6). Default: the default user."
    )
    database: int = Field(default=0, ge=0, le=1_000_000, description="The number of the database.")
    command: Command | None = Field(
        default=None,
        description="One command and its arguments, as a list or in one line.",
        examples=[["LLEN", "jobs"]],
    )

    @field_validator("database", mode="before")
    @classmethod
    def _number(cls, database: Any) -> Any:
        """Of a URL, it comes as text."""
        is_number = isinstance(database, str) and database.isascii() and database.isdecimal()
        return int(database) if is_number else database

    @field_validator("command")
    @classmethod
    def _answered(cls, command: list[str] | None) -> list[str] | None:
        if command and command[0].upper() in _ENDLESS:
            raise ValueError(f"{command[0]} has no answer to look at; give a command that has one")
        return command

    def summary(self) -> str:
        """The host, the port and the database."""
        return f"Redis {self.peer}" + (f"/{self.database}" if self.database else "")


class RedisMonitor(ProbedSpec):
    """A monitor of kind redis."""

    kind: Literal["redis"] = "redis"
    target: RedisTarget
