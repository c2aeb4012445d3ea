"""Slots: when each monitor is due, and which shard it belongs to.

Both follow from the monitor's id alone, so every process agrees without talking, load is
spread evenly, and a restart moves nothing.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from uuid import UUID

SHARDS = 64


def _hash(monitor: UUID) -> int:
    # Not hash(): that is salted per process, and these values are stored and shared.
    return int.from_bytes(blake2b(monitor.bytes, digest_size=8).digest(), "big")


def shard_of(monitor: UUID) -> int:
    """The shard, 0 to SHARDS - 1."""
    return _hash(monitor) % SHARDS


def offset_ms(monitor: UUID, interval_ms: int) -> int:
    """Where in its interval the monitor's slots lie, in ms."""
    # The shard takes the low bits; the offset takes others, so a shard's monitors spread too.
    return (_hash(monitor) >> 16) % interval_ms


def slot_after(monitor: UUID, interval_ms: int, at_ms: int) -> int:
    """The first slot strictly after `at_ms` (Unix ms)."""
    offset = offset_ms(monitor, interval_ms)
    return ((at_ms - offset) // interval_ms + 1) * interval_ms + offset


def regions_of(
    monitor: UUID, interval_ms: int, slot: int, regions: Sequence[str]
) -> tuple[str, ...]:
    """The regions that check a slot of a monitor whose regions take turns.

    Regular slots are for one region after the other; what is due in between (a first check, a
    confirmation) is for all of them.
    """
    number, between = divmod(slot - offset_ms(monitor, interval_ms), interval_ms)
    if between:
        return tuple(regions)
    # Not all monitors in the same region at the same time.
    return (regions[(number + (_hash(monitor) >> 32)) % len(regions)],)


def slots_between(monitor: UUID, interval_ms: int, after_ms: int, until_ms: int) -> Iterator[int]:
    """Every slot with after_ms < slot <= until_ms, in order."""
    return iter(range(slot_after(monitor, interval_ms, after_ms), until_ms + 1, interval_ms))
