"""Kind mongodb: log in to MongoDB, and run one command."""

from typing import Any

from bson import json_util
from pymongo.errors import OperationFailure

from vedette.core.kinds.mongodb import MongodbTarget
from vedette.core.outcome import Reason
from vedette.prober.databases.mongodb import Client
from vedette.prober.databases.session import refusal, session
from vedette.prober.databases.values import keep_text, plain, text_of
from vedette.prober.domain import Trouble
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.visit import Place, Visit

_TOOK_TOO_LONG = 50
# What a server tells those that speak to it, not those that watch.
_GOSSIP = frozenset({"$clusterTime", "operationTime"})


class MongodbProbe(StreamProbe):
    """A MongoDB server made ready to be asked."""

    def __init__(self, target: MongodbTarget) -> None:
        super().__init__(Place.of(target), target.tls)
        self._target = target
        # Raises ValueError for what is no extended JSON.
        self._command: dict[str, Any] = _document(target.command or '{"ping": 1}')

    async def _converse(self, visit: Visit) -> None:
        target = self._target
        if target.tls is not None:
            await visit.secure(target.tls)
        async with session(visit, target, _explain) as wire:
            visit.course.enter("login", "log in")
            client = Client(wire, target)
            visit.facts |= await client.log_in()
            visit.course.enter("query", "command")
            reply = await client.run(target.database, self._command, visit.course.remaining_s())
            visit.course.leave()
        if target.command is not None:
            kept = {name: value for name, value in reply.items() if name not in _GOSSIP}
            visit.subjects["json"] = plain(kept)
            keep_text(visit, text_of(visit.subjects["json"]))


def _document(text: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json_util.loads(text)
    except Exception as error:  # of many kinds, by what is wrong
        raise ValueError(f"target.command: not valid extended JSON: {error}") from error
    return document


def _explain(error: Exception) -> Trouble | None:
    if not isinstance(error, OperationFailure):
        return None
    words = (error.details or {}).get("errmsg") or error
    if error.code == _TOOK_TOO_LONG:
        return Trouble(Reason.TIMEOUT, str(words))
    return refusal(words, error.code)


PROBE = MongodbProbe
