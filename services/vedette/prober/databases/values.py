"""What databases answer, as JSON values."""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from decimal import Decimal
from functools import singledispatch
from typing import Any

import orjson

from vedette.core.databases import MOST_ROWS
from vedette.prober.answer import Answer
from vedette.prober.streams.visit import Visit

_LARGEST = 2**63


def keep_rows(visit: Visit, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Keep a query's answer, for assertions and for people."""
    listed = [[plain(value) for value in row] for row in rows]
    kept = listed[:MOST_ROWS]
    visit.facts["rows"] = len(kept)
    if len(listed) > len(kept):
        visit.facts["more_rows"] = True
    visit.subjects["json"] = [dict(zip(names, row, strict=False)) for row in kept]
    first = text_of(kept[0][0]) if kept and kept[0] else ""
    keep_text(visit, first, orjson.dumps(visit.subjects["json"]))


def keep_text(visit: Visit, body: str, shown: bytes | None = None) -> None:
    """Keep an answer as text; `shown` is what people see of it, if that is more."""
    octets = body.encode()
    visit.subjects["body"] = body
    visit.facts["size"] = len(octets)
    visit.answer = Answer(body=octets if shown is None else shown)


def text_of(value: Any) -> str:
    """A JSON value as text: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


@singledispatch
def plain(value: Any) -> Any:
    """A client's value as JSON has it. Times are ISO 8601, durations seconds, bytes text or hex."""
    return plain(dict(value.items())) if hasattr(value, "items") else str(value)


@plain.register(bool)
@plain.register(type(None))
def _as_it_is(value: bool | None) -> bool | None:
    return value


@plain.register
def _text(value: str) -> str:
    return value.encode(errors="replace").decode()


@plain.register
def _integer(value: int) -> int | float | str:
    return int(value) if -_LARGEST <= value < _LARGEST else _float(value)


@plain.register(float)
def _float(value: float | int | Decimal) -> float | str:
    """Text for what JSON has no number for."""
    try:
        nearest = float(value)
    except OverflowError:
        return str(value)
    return nearest if math.isfinite(nearest) else str(value)


@plain.register
def _decimal(value: Decimal) -> int | float | str:
    whole = value.is_finite() and value == value.to_integral_value()
    return _integer(int(value)) if whole and value.adjusted() < 30 else _float(value)


@plain.register(bytes)
@plain.register(bytearray)
@plain.register(memoryview)
def _octets(value: bytes | bytearray | memoryview) -> str:
    octets = bytes(value)
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.hex()


@plain.register(date)
@plain.register(time)
def _moment(value: date | time) -> str:
    return value.isoformat()


@plain.register
def _duration(value: timedelta) -> float:
    return value.total_seconds()


@plain.register
def _object(value: Mapping) -> dict[str, Any]:  # type: ignore[type-arg]
    return {str(plain(name)): plain(inner) for name, inner in value.items()}


@plain.register(list)
@plain.register(tuple)
@plain.register(AbstractSet)
def _list(value: Iterable[Any]) -> list[Any]:
    return [plain(inner) for inner in value]
