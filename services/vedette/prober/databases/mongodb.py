"""pymongo over a connection of ours: to one server, with none of its pools and monitors."""

from collections.abc import Mapping
from typing import Any

from pymongo.asynchronous.pool import AsyncConnection, Pool
from pymongo.client_options import ClientOptions
from pymongo.errors import OperationFailure
from pymongo.hello import Hello
from pymongo.network_layer import AsyncNetworkingInterface, PyMongoProtocol
from pymongo.read_preferences import ReadPreference
from pymongo.server_type import SERVER_TYPE

from vedette.core.kinds.mongodb import MongodbTarget
from vedette.prober.streams.stream import LIMIT
from vedette.prober.streams.wire import Wire

_ROLES = {
    SERVER_TYPE.Standalone: "standalone",
    SERVER_TYPE.RSPrimary: "primary",
    SERVER_TYPE.RSSecondary: "secondary",
    SERVER_TYPE.RSArbiter: "arbiter",
    SERVER_TYPE.Mongos: "mongos",
}


class Client:
    """One connection to one server."""

    def __init__(self, wire: Wire, target: MongodbTarget) -> None:
        self._wire = wire
        self._address = (target.host, target.port)
        named = {"authsource": target.auth_source, "appname": "vedette"}
        user, password = target.user or "", target.password or ""
        # A user without a password, or a password without a user, the definition doesn't allow.
        options = ClientOptions(user, password, None, named, is_sync=False)
        # It is never asked to connect; a connection looks up in it how to behave.
        self._pool = Pool(self._address, options.pool_options)
        self._connection: AsyncConnection | None = None

    async def log_in(self) -> dict[str, str | bool]:
        """Greet the server and log in; what it tells of itself."""
        protocol = self._wire.begin(PyMongoProtocol())
        way = AsyncNetworkingInterface((self._wire, protocol))
        connection = AsyncConnection(way, self._pool, self._address, 1, is_sdam=False)
        hello = await connection.hello()
        # Not what the server says that it may send: so much is made room for.
        connection.max_message_size = LIMIT
        await connection.authenticate()
        self._connection = connection
        return {**_facts(hello), **await self._version()}

    async def run(self, database: str, command: Mapping[str, Any], left_s: float) -> dict[str, Any]:
        """The reply to a command, which the server ends itself when it takes too long."""
        assert self._connection is not None
        limited = {**command}
        limited.setdefault("maxTimeMS", max(int(left_s * 1000), 1))
        # As a client does that is connected to one server, whatever its part in a replica set.
        preference = ReadPreference.PRIMARY_PREFERRED
        return await self._connection.command(database, limited, preference)

    async def _version(self) -> dict[str, str]:
        assert self._connection is not None
        try:
            told = await self._connection.command("admin", {"buildInfo": 1})
        except OperationFailure:  # some hosts of MongoDB keep it to themselves
            return {}
        return {"version": str(told.get("version", ""))}


def _facts(hello: Hello[dict[str, Any]]) -> dict[str, str | bool]:
    role = _ROLES.get(hello.server_type, "other")
    facts: dict[str, str | bool] = {"role": role, "writable_primary": bool(hello.is_writable)}
    if hello.replica_set_name:
        facts["replica_set"] = str(hello.replica_set_name)
    return facts
