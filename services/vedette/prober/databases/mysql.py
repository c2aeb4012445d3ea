"""aiomysql over a connection of ours, and within what a check may do."""

import struct
from asyncio import StreamReader
from typing import Any

from aiomysql.connection import Connection
from pymysql.charset import charset_by_name
from pymysql.constants import CLIENT

from vedette.core.outcome import Reason
from vedette.core.tls import TlsOptions
from vedette.prober.streams.starttls.refusals import refused
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import LINE_LIMIT, Stream
from vedette.prober.streams.visit import Visit
from vedette.prober.streams.wire import Wire

_MOST_IN_A_PACKET = 2**24 - 1
# They tell the password, or as good as that, to who listens.
_ONLY_WITHIN_TLS = frozenset({"mysql_clear_password", "mysql_old_password"})
_MARIADB = "MariaDB"
# What MariaDB before 11 puts before its version, for replicas that knew no other.
_MARIADB_PREFIX = "5.5.5-"


class Client(Connection):  # type: ignore[misc]
    """A client that is greeted, goes over to TLS, and logs in, a step at a time."""

    @property
    def version(self) -> str:
        """The server's version, as it says it."""
        return str(self.server_version).removeprefix(_MARIADB_PREFIX)

    async def greet(self, visit: Visit, wire: Wire, tls: TlsOptions | None) -> None:
        """Hear the server's greeting, and agree on TLS if that is wanted."""
        # One statement a query: what runs in a transaction that only reads can't end it first.
        self.client_flag &= ~CLIENT.MULTI_STATEMENTS
        self._next_seq_id = 0
        self._reader = await _greeting(visit.stream)
        await self._get_server_information()
        if tls is not None:
            await self._go_over(visit, tls)
        self._reader, self._writer = wire.streams()

    async def log_in(self, peer: str) -> None:
        """Log in."""
        self._peer = peer
        self._see_that_safe(self._server_auth_plugin)
        await self._request_authentication()

    async def rows(self, query: str, most: int) -> tuple[list[str], list[Any]]:
        """The names of the columns, and the first rows; what comes after them is not read."""
        await self.query(query, unbuffered=True)
        result = self._result
        rows: list[Any] = []
        names = [column[0] for column in result.description or ()]
        while len(rows) < most and result.unbuffered_active:
            row = await result._read_rowdata_packet_unbuffered()
            if row is not None:
                rows.append(row)
        return names, rows

    def limit(self, seconds: float) -> str:
        """How to tell the server how long a query may take."""
        if _MARIADB in self.version:
            return f"SET SESSION max_statement_time = {seconds:.3f}"
        return f"SET SESSION max_execution_time = {seconds * 1000:.0f}"

    def leave(self) -> None:
        """Let go of the connection."""
        if self._result is not None:
            self._result.unbuffered_active = False
        self.close()

    async def _go_over(self, visit: Visit, tls: TlsOptions) -> None:
        """Ask for TLS, with the same abilities as in the login that follows."""
        peer = visit.place.peer
        if not self.server_capabilities & CLIENT.SSL:
            raise Stopped(Reason.PROTOCOL_ERROR, f"{peer} does not offer TLS")
        self.client_flag |= CLIENT.SSL
        charset = charset_by_name(self.charset).id
        request = struct.pack("<iIB23s", self.client_flag, _MOST_IN_A_PACKET, charset, b"")
        header = len(request).to_bytes(3, "little") + bytes([self._next_seq_id])
        await visit.stream.send(header + request)
        self._next_seq_id += 1
        await visit.secure(tls)
        self._secure = True

    async def _process_auth(self, plugin_name: bytes, auth_packet: Any) -> Any:
        self._see_that_safe(plugin_name.decode(errors="replace"))
        return await super()._process_auth(plugin_name, auth_packet)

    def _see_that_safe(self, plugin: str) -> None:
        if plugin in _ONLY_WITHIN_TLS and not self._secure:
            words = f"{self._peer} asks for a login by {plugin}, which is only done within TLS"
            raise Stopped(Reason.INTERNAL_ERROR, words)


async def _greeting(stream: Stream) -> StreamReader:
    """The server's first packet, ready to be read."""
    header = await stream.exactly(4)
    length = int.from_bytes(header[:3], "little")
    body = await stream.exactly(length) if len(header) == 4 and length <= LINE_LIMIT else b""
    if not body or len(body) < length:
        raise refused(stream.peer, "MySQL's greeting", header + body)
    reader = StreamReader()
    reader.feed_data(header + body)
    return reader
