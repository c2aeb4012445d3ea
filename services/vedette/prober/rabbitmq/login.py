"""Logging in to a broker, and saying goodbye."""

import asyncio
import ssl
from contextlib import suppress
from typing import Any

from pamqp import commands, header

from vedette.core.kinds.rabbitmq import RabbitmqTarget
from vedette.core.outcome import Reason
from vedette.core.version import __version__
from vedette.prober.rabbitmq.link import FRAME_MAX, Link
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped

_MECHANISM = "PLAIN"
_SUCCESS = 200
_PATIENCE_S = 0.5
_OURSELVES = {
    "product": "Vedette",
    "version": __version__,
    "connection_name": "Vedette check",
    # So that the broker says why it turns somebody away, or takes no messages.
    "capabilities": {
        "authentication_failure_close": True,
        "connection.blocked": True,
        "basic.nack": True,
        "publisher_confirms": True,
    },
}
_TOLD = {"product": "product", "version": "version", "cluster": "cluster_name"}


async def log_in(link: Link, target: RabbitmqTarget) -> dict[str, Any]:
    """Log in to the virtual host. What the broker says of itself. Raises Stopped."""
    await link.say(0, header.ProtocolHeader())
    start = await link.hear("AMQP's greeting (Connection.Start)", commands.Connection.Start)
    mechanisms = str(start.mechanisms).split()
    if _MECHANISM not in mechanisms:
        offered = f"{target.peer} offers only {', '.join(mechanisms)}"
        raise Stopped(Reason.STATUS, f"log in with a password ({_MECHANISM}): {offered}")
    secret = f"\0{target.username}\0{target.password}"
    await link.say(0, commands.Connection.StartOk(_OURSELVES, _MECHANISM, secret))  # type: ignore[arg-type]
    await _tune(link)
    await link.say(0, commands.Connection.Open(target.vhost))
    await link.hear("its leave to enter the virtual host", commands.Connection.OpenOk)
    properties = start.server_properties or {}
    found = {name: properties.get(key) for name, key in _TOLD.items()}
    return {name: value for name, value in found.items() if isinstance(value, str)}


async def _tune(link: Link) -> None:
    proposed = await link.hear("an answer to the login", commands.Connection.Tune)
    frame_max = min(proposed.frame_max or FRAME_MAX, FRAME_MAX)
    # No check lasts long enough to need heartbeats.
    await link.say(0, commands.Connection.TuneOk(proposed.channel_max, frame_max, heartbeat=0))


async def log_out(link: Link, course: Course) -> None:
    """Say goodbye as the broker wants it, lest its log call the end an accident.

    It changes nothing that was found, and the check is not late for it.
    """
    course.leave()
    with suppress(Stopped, ssl.SSLError, TimeoutError):
        async with asyncio.timeout(min(_PATIENCE_S, course.remaining_s() / 2)):
            await link.say(0, commands.Connection.Close(_SUCCESS, "Goodbye", 0, 0))
            await link.hear("a goodbye", commands.Connection.CloseOk)
