"""Answers on the way to TLS that are not the right ones."""

from vedette.core.outcome import Reason
from vedette.prober.streams.stopped import Stopped

_MOST_SHOWN = 200


def refused(peer: str, asked: str, answer: bytes | None) -> Stopped:
    """What was to come, and what came instead."""
    if not answer:
        return Stopped(Reason.PROTOCOL_ERROR, f"{peer} closed the connection instead of {asked}")
    shown = answer[:_MOST_SHOWN].decode(errors="replace").strip()
    return Stopped(Reason.PROTOCOL_ERROR, f"{peer} said {shown!r} instead of {asked}")
