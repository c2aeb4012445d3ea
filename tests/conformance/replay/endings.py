"""By what decides who is told, and when, that a certificate or a registration ends soon."""

from collections.abc import Mapping
from typing import Any

from tests.conformance.mapping.reading import Reading

from vedette.core.expiry import Ending, certificate_expiry, due
from vedette.core.instants import iso
from vedette.processor.rows import asked_by

_DAY_MS = 86_400_000
_END = 1_900_000_000_000


def told(probe: Mapping[str, Any]) -> dict[str, Any]:
    """For which number of days each check makes a message, one after the other."""
    reading = Reading(probe, kind="state", source="")
    asked_for = reading.get("thresholds_days", [])
    if reading.get("expiry_notification", True) is not True:
        asked_for = []
    asked = asked_by(
        {
            "target": {"tls": reading.get("tls", {"verify": True})},
            "certificate_days": asked_for,
            # Without a channel there is nobody who is told.
            "channels": probe.get("channels", ["somebody"]),
        }
    )
    reading.get("channels")
    seen = [_alone(days) for days in reading.get("days_left", [])]
    chain = reading.get("chain_days_left")
    if chain is not None:
        seen.append(_in_chain(chain))
    reading.finish()
    messages: list[int | None] = []
    for facts, now in seen:
        days = [one for one in messages if one is not None]
        expiry = certificate_expiry(facts, None)
        found = due(expiry, asked.days[Ending.CERTIFICATE], days, now=now)
        messages.append(found if asked.channels else None)
    return {"messages": messages}


def _alone(days_left: int | None) -> tuple[dict[str, str], int]:
    """What a check tells, and when: so many full days before the end."""
    if days_left is None:
        return {}, _END
    return {"certificate_expires_at": iso(_END)}, _END - days_left * _DAY_MS - _DAY_MS // 2


def _in_chain(days_left: Mapping[str, int]) -> tuple[dict[str, str], int]:
    """The first to end of what was verified ends the chain."""
    now = _END - _DAY_MS // 2
    ends = {name: iso(_END + days * _DAY_MS) for name, days in days_left.items()}
    return {
        "certificate_expires_at": ends["server"],
        "chain_expires_at": min(ends.values()),
    }, now
