"""Hiding the secrets of a definition from who reads it, and keeping them when the rest is edited.

A field is secret when its model keeps it out of `repr`; so are headers that log somebody in.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from vedette.core.channel import REDACTED

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
_SECRET_WORDS = ("key", "token", "secret", "password")


def redacted(model: BaseModel) -> dict[str, Any]:
    """The model as JSON values, with a placeholder for each secret it holds."""
    shown = model.model_dump(mode="json", by_alias=True)
    _hide(model, shown)
    return shown


def restored(edited: Any, stored: Any) -> Any:
    """`edited` with each placeholder replaced by what is stored in its place, if anything is."""
    if isinstance(edited, dict):
        kept = stored if isinstance(stored, dict) else {}
        return {name: restored(value, kept.get(name)) for name, value in edited.items()}
    return stored if edited == REDACTED and isinstance(stored, str) else edited


def placeholders(definition: Any, path: str = "") -> Iterator[str]:
    """Where a definition still holds a placeholder, which would be taken for a secret."""
    if isinstance(definition, dict):
        for name, value in definition.items():
            yield from placeholders(value, f"{path}.{name}" if path else name)
    elif definition == REDACTED:
        yield path


def _hide(model: BaseModel, shown: dict[str, Any]) -> None:
    for name, field in type(model).model_fields.items():
        key, value = field.serialization_alias or field.alias or name, getattr(model, name)
        if isinstance(value, BaseModel):
            _hide(value, shown[key])
        elif field.repr is False and value:
            shown[key] = REDACTED
        elif name == "headers" and isinstance(value, dict):
            shown[key] = {each: REDACTED if _logs_in(each) else value[each] for each in value}


def _logs_in(header: str) -> bool:
    lower = header.lower()
    return lower in _SECRET_HEADERS or any(word in lower for word in _SECRET_WORDS)
