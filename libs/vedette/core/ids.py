"""Identifiers: time-ordered for rows, name-based where the same cause must give the same id."""

import secrets
from uuid import UUID, uuid5

NAMESPACE = UUID("8f1d3c52-6e0b-5a49-9c4d-2f7b1a60e3d8")


def uuid7(at_ms: int) -> UUID:
    """A new UUID of version 7 (RFC 9562, section 5.7) for the instant `at_ms` (Unix ms).

    Ids made later sort later, so a table keyed by them grows at its end and a page of a
    listing can continue behind the last id seen.
    """
    value = (at_ms & 0xFFFF_FFFF_FFFF) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def derived(*parts: object) -> UUID:
    """The UUID (version 5, RFC 9562) that these parts always give."""
    return uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts))
