"""Lanes: what waits together when a provider is slow, and how much of each is sent at once."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Limit:
    """How many messages of a kind a process sends at once: to each lane, and in all.

    A lane takes at most half of what its kind has free, so it takes many hanging providers to
    keep the others waiting. `in_all` is at least twice `each`, or a lone lane would never fill.
    """

    each: int
    in_all: int


LIMITS: Mapping[str, Limit] = {
    "email": Limit(each=4, in_all=8),
    "sms": Limit(each=8, in_all=16),
    "webhook": Limit(each=16, in_all=128),
}
_OTHER = Limit(each=4, in_all=32)

_PORTS = {"http": 80, "https": 443}


def lane(kind: str, recipient: str) -> str:
    """What waits together when a provider is slow: a kind, or a host where that is the provider."""
    parts = urlsplit(recipient) if "://" in recipient else None
    if parts is None:
        return kind
    return f"{kind}:{parts.hostname}:{parts.port or _PORTS.get(parts.scheme, 0)}"


def kind_of(name: str) -> str:
    """The kind of channel a lane belongs to."""
    return name.partition(":")[0]


def allot(due: Iterable[str], busy: Mapping[str, int]) -> dict[str, int]:
    """How many more messages each due lane may send now, given how many it is sending."""
    sending = Counter[str]()
    for name, count in busy.items():
        sending[kind_of(name)] += count
    places = {}
    for name in due:
        kind = kind_of(name)
        limit = LIMITS.get(kind, _OTHER)
        half = (limit.in_all - sending[kind] + 1) // 2
        free = min(limit.each - busy.get(name, 0), half)
        if free > 0:
            places[name] = free
            sending[kind] += free
    return places
