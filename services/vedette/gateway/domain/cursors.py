"""Cursors: where a page of a list ends, as text that a client hands back unread."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson

T = TypeVar("T")


def encode(*keys: UUID | datetime | str | int) -> str:
    """The cursor behind the row with these sort keys."""
    return urlsafe_b64encode(orjson.dumps(keys, default=str)).rstrip(b"=").decode()


def decode_id(cursor: str) -> UUID:
    """The id that a list by id continues behind. Raises ValueError."""
    found: UUID = _decode(cursor, UUID)[0]
    return found


def decode_number(cursor: str) -> int:
    """The number that a list by number continues behind. Raises ValueError."""
    found: int = _decode(cursor, _whole)[0]
    return found


def decode_slot(cursor: str) -> tuple[datetime, str]:
    """The slot and region that a list of checks continues behind. Raises ValueError."""
    slot, region = _decode(cursor, _instant, str)
    return slot, region


def decode_instant_and_id(cursor: str) -> tuple[datetime, UUID]:
    """The instant and id that a list by time continues behind. Raises ValueError."""
    at, id = _decode(cursor, _instant, UUID)
    return at, id


def _decode(cursor: str, *parsers: Callable[[Any], Any]) -> list[Any]:
    try:
        keys: Sequence[Any] = orjson.loads(
            urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        )
        return [parse(key) for parse, key in zip(parsers, keys, strict=True)]
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise ValueError("not a cursor of this list") from None


def _whole(value: Any) -> int:
    if not isinstance(value, int) or abs(value) >= 2**63:
        raise ValueError(value)
    return value


def _instant(value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None or not 1970 <= at.year < 9999:
        raise ValueError(value)
    return at
