"""Answers as plain values, by the names of their fields."""

from collections.abc import Sequence
from typing import Any

from aiokafka.protocol.types import Array, Schema


def told_by(answer: Any) -> dict[str, Any]:
    """What an answer tells. A list that is null, as Kafka has it, is one without items."""
    schema = answer.SCHEMA
    return _named(schema, [answer.get_item(name) for name in schema.names])


def _named(schema: Any, values: Sequence[Any]) -> dict[str, Any]:
    fields = zip(schema.names, schema.fields, values, strict=True)
    return {name: _plain(field, value) for name, field, value in fields}


def _plain(field: Any, value: Any) -> Any:
    if not isinstance(field, Array):
        return value
    items = value or []
    inner = field.array_of
    return [_named(inner, item) for item in items] if isinstance(inner, Schema) else items
