"""Kind redis: log in to Redis or Valkey, and give one command."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import AuthenticationError, ResponseError

from vedette.core.kinds.redis import RedisTarget
from vedette.prober.databases.session import refusal, session
from vedette.prober.databases.values import keep_text, plain, text_of
from vedette.prober.domain import Trouble
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.visit import Place, Visit
from vedette.prober.streams.wire import Wire

_FACTS = ("version", "role")


class RedisProbe(StreamProbe):
    """A Redis server made ready to be asked."""

    def __init__(self, target: RedisTarget) -> None:
        super().__init__(Place.of(target), target.tls)
        self._target = target

    async def _converse(self, visit: Visit) -> None:
        target = self._target
        if target.tls is not None:
            await visit.secure(target.tls)
        async with session(visit, target, _explain) as wire:
            visit.course.enter("login", "log in")
            client = _Client(wire, target)
            try:
                await client.connect()  # type: ignore[no-untyped-call]
                await _note(visit, client)
                visit.course.enter("query", "query")
                answer = await client.ask(*(target.command or ["PING"]))
                visit.course.leave()
            finally:
                await client.disconnect(nowait=True)
        if target.command is not None:
            keep_text(visit, text_of(plain(answer)))


class _Client(AbstractConnection):
    """redis-py's connection over a connection of ours, and never another."""

    def __init__(self, wire: Wire, target: RedisTarget) -> None:
        super().__init__(
            db=target.database,
            username=target.user,
            password=target.password,
            protocol=2,
            driver_info=None,
            socket_timeout=None,
            socket_connect_timeout=None,
        )
        self._wire: Wire | None = wire

    async def ask(self, *words: str) -> Any:
        """The answer to a command."""
        await self.send_command(*words)
        return await self.read_response(disconnect_on_error=False)

    async def _connect(self) -> None:
        wire, self._wire = self._wire, None
        if wire is None:
            raise ConnectionError
        self._reader, self._writer = wire.streams()

    def _host_error(self) -> str:
        return "the server"

    def repr_pieces(self) -> list[tuple[str, str | int]]:
        """None, for none is shown."""
        return []


async def _note(visit: Visit, client: _Client) -> None:
    """What a server tells of itself, if it knows HELLO: Redis 6 does."""
    try:
        told = await client.ask("HELLO", "2")
    except (AuthenticationError, ResponseError):  # what is asked next, tells why
        return
    visit.facts |= {name: text_of(plain(value)) for name, value in _pairs(told) if name in _FACTS}


def _pairs(told: Any) -> Sequence[tuple[str, Any]]:
    flat = told if isinstance(told, list) else []
    return [(str(plain(name)), value) for name, value in zip(flat[::2], flat[1::2], strict=False)]


def _explain(error: Exception) -> Trouble | None:
    code = getattr(error, "status_code", None)
    if code is None and not isinstance(error, ResponseError):
        return None
    return refusal(f"{code} {error}" if code is not None else error)


PROBE = RedisProbe
