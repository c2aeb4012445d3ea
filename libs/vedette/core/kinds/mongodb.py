"""Kind `mongodb`: a login to MongoDB, and a command if one is given.

Up when the connection is made, TLS is agreed on if it is asked for, the user (if any) may log in
(SCRAM), a ping and the command are answered, and every assertion holds. What the server refuses
has the reason `status`, with its words and code. The one server is asked, whatever its part in a
replica set, and none that it names.

The command is a JSON document as the database's `runCommand` takes it, such as
{"count": "jobs", "query": {"done": false}}; it may use extended JSON ({"$oid": …}). It runs at
every check of every region, so let it only read. Assertions may look at `json` (the reply), `body`
(the same as text), `size` (the bytes of the body), and `certificate`. No more than 1 MiB is
received.

Phases: resolve, connect, tls, login, query. Facts: `version`, `role` (standalone, primary,
secondary, arbiter, mongos, other), `writable_primary`, and `replica_set`.
"""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, field_validator, model_validator

from vedette.core.databases import DatabaseTarget, Word
from vedette.core.hosts import Port
from vedette.core.monitor import ProbedSpec


def _text(command: Any) -> Any:
    return json.dumps(command) if isinstance(command, dict) else command


# Kept as text: the first name of it is what is to be done, and stored JSON may lose its order.
Command = Annotated[
    str,
    BeforeValidator(_text, json_schema_input_type=dict[str, JsonValue] | str),
    Field(max_length=65_536),
]


class MongodbTarget(DatabaseTarget):
    """A MongoDB server, and what to ask there."""

    port: Port = 27017
    user: Word | None = Field(default=None, description="Who logs in. Default: nobody.")
    auth_source: Word = Field(
        default="admin", description="The database in which the user is defined."
    )
    database: Word = Field(default="admin", description="The database that the command is for.")
    command: Command | None = Field(
        default=None,
        description="A JSON document, as `runCommand` takes it.",
        examples=[{"count": "jobs"}],
    )

    @field_validator("command")
    @classmethod
    def _document(cls, command: str | None) -> str | None:
        if command is None:
            return None
        try:
            document = json.loads(command)
        except ValueError as error:
            raise ValueError(f"not valid JSON: {error}") from None
        if not isinstance(document, dict) or not document:
            raise ValueError('a command is a JSON object such as {"count": "jobs"}')
        return command

    @model_validator(mode="after")
    def _whole_login(self) -> Self:
        if (self.user is None) is not (self.password is None):
            raise ValueError("user and password go together")
        return self

    def summary(self) -> str:
        """The host, the port and the database."""
        return f"MongoDB {self.peer}/{self.database}"


class MongodbMonitor(ProbedSpec):
    """A monitor of kind mongodb."""

    kind: Literal["mongodb"] = "mongodb"
    target: MongodbTarget
