"""Result batches as they arrive, not yet validated: most results need no more than to be stored."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from vedette.core.job import MAX_BATCH
from vedette.core.result import Result, ResultBatch

_NUL = b"\\u0000"

Raw = dict[str, Any]
"""A result as its JSON has it; what is left out has its default."""


class Arrivals(NamedTuple):
    """The results of one message."""

    region: str
    results: Sequence[Raw]
    storable: bool
    """Whether no text holds the one character that PostgreSQL can't."""


def parse_arrivals(body: bytes) -> Arrivals:
    """The results of a message. Raises ValidationError if it is not a ResultBatch."""
    try:
        batch = orjson.loads(body)
        region, results = batch["region"], batch["results"]
    except (ValueError, KeyError, TypeError):
        region = results = None
    if not isinstance(region, str) or not isinstance(results, list) or len(results) > MAX_BATCH:
        valid = ResultBatch.model_validate_json(body)
        region, results = valid.region, valid.model_dump(mode="json")["results"]
    return Arrivals(region, results, storable=_NUL not in body)


def arrivals_of(region: str, results: Iterable[Result]) -> Arrivals:
    """Results that we made ourselves."""
    return Arrivals(region, [result.model_dump(mode="json") for result in results], storable=True)


def validated(results: Iterable[Raw]) -> list[Result]:
    """Raises ValidationError."""
    return [Result.model_validate(result) for result in results]
