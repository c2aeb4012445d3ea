"""A session: a client that speaks over a visit's connection, and what its errors mean."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from vedette.core.databases import DatabaseTarget
from vedette.core.outcome import Reason
from vedette.prober.answer import Answer
from vedette.prober.domain import Trouble
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.visit import Visit
from vedette.prober.streams.wire import Wire

Explain = Callable[[Exception], Trouble | None]
"""What a client's error tells of the server: None if that is not in the server's words."""

_MOST_SHOWN = 300
_HIDDEN = "********"
_PACKAGE = "vedette."


@asynccontextmanager
async def session(visit: Visit, target: DatabaseTarget, explain: Explain) -> AsyncIterator[Wire]:
    """A wire for a client. What goes wrong over it is raised as Stopped, or as an SSLError."""
    visit.answer = Answer()  # none of what the protocol says is for people to see
    wire = Wire(visit.stream)
    try:
        yield wire
    except (Stopped, ssl.SSLError):
        raise
    except Exception as error:
        if isinstance(wire.failure, Stopped | ssl.SSLError):
            raise wire.failure from error
        if _is_ours(error):
            raise
        raise _stopped(visit, target, wire, error, explain(error)) from error
    finally:
        await wire.end()


def refusal(words: object, code: object = None) -> Trouble:
    """The trouble of a server that answers with an error."""
    return Trouble(Reason.STATUS, f"{words} ({code})" if code is not None else str(words))


def _is_ours(error: Exception) -> bool:
    """Whether it was raised by our own code: what clients raise comes of what they were sent."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals["__name__"].startswith(_PACKAGE)


def _stopped(
    visit: Visit, target: DatabaseTarget, wire: Wire, error: Exception, told: Trouble | None
) -> Stopped:
    doing, peer = visit.course.doing, visit.place.peer
    if told is not None:
        how = "answered" if told.reason is Reason.STATUS else "failed"
        return Stopped(told.reason, f"{doing}: {peer} {how}: {_shown(told.message, target)}")
    if wire.at_end:
        return Stopped(Reason.PROTOCOL_ERROR, f"{doing}: {peer} closed the connection")
    why = _shown(str(error) or type(error).__name__, target)
    return Stopped(Reason.PROTOCOL_ERROR, f"{doing}: {peer} gave no valid answer: {why}")


def _shown(words: str, target: DatabaseTarget) -> str:
    """In one line, and without the password, which a server may send back."""
    line = " ".join(words.split())
    if target.password:
        line = line.replace(target.password, _HIDDEN)
    return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}…"
