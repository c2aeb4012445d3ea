"""Hiding the secrets of a definition from who reads it, and keeping them through an edit."""

from collections.abc import Iterator
from typing import Any

from vedette.core.channel import REDACTED
from vedette.core.monitor import MonitorSpec, Target
from vedette.core.secrecy import Secrecy, visited, visited_json
from vedette.core.urls import replaced


def redacted(model: MonitorSpec | Target) -> dict[str, Any]:
    """A definition, or its target, as JSON values, with a placeholder for each secret it holds."""
    return visited(model, _hidden)


def restored(edited: Any, stored: Any) -> Any:
    """`edited` with each placeholder replaced by what is stored in its place, if anything is.

    In a list, that is the item which reads as the edited one, wherever it stands now, or else the
    one in the same place.
    """
    if isinstance(edited, dict):
        kept = stored if isinstance(stored, dict) else {}
        return {name: restored(value, kept.get(name)) for name, value in edited.items()}
    if isinstance(edited, list):
        kept_items = stored if isinstance(stored, list) else []
        return [
            restored(item, _counterpart(item, at, kept_items)) for at, item in enumerate(edited)
        ]
    if edited == REDACTED:
        return edited if stored is None else stored
    if isinstance(edited, str) and isinstance(stored, str) and REDACTED in edited:
        return _restored_url(edited, stored)
    return edited


def placeholders(definition: Any, path: str = "") -> Iterator[str]:
    """Where a definition still holds a placeholder, which would be taken for a secret."""
    if isinstance(definition, dict):
        for name, value in definition.items():
            yield from placeholders(value, f"{path}.{name}" if path else name)
    elif isinstance(definition, list):
        for at, value in enumerate(definition):
            yield from placeholders(value, f"{path}[{at}]")
    elif isinstance(definition, str) and _holds_placeholder(definition):
        yield path


def hidden_url(url: str) -> str:
    """A URL with a placeholder for each secret in it; other text as it is."""
    return replaced(url, lambda _name, _secret: REDACTED)


def hidden_json(value: Any) -> Any:
    """A JSON value with a placeholder for each secret, as far as names and URLs tell."""
    return visited_json(value, _hidden)


def _hidden(value: Any, why: Secrecy) -> Any:
    match why:
        case Secrecy.SECRET:
            return REDACTED
        case Secrecy.URL:
            return hidden_url(value)
        case Secrecy.SENT:
            return hidden_json(value)


def _counterpart(item: Any, at: int, stored: list[Any]) -> Any:
    alike = [one for one in stored if _reads_as(one, item)]
    if alike:
        return alike[0]
    return stored[at] if at < len(stored) else None


def _reads_as(stored: Any, edited: Any) -> bool:
    """Whether the one is the other, but for the secrets that the other has placeholders for."""
    if edited == REDACTED:
        return stored is not None
    if isinstance(edited, dict) and isinstance(stored, dict):
        return edited.keys() == stored.keys() and all(
            _reads_as(stored[name], value) for name, value in edited.items()
        )
    if isinstance(edited, list) and isinstance(stored, list):
        return len(edited) == len(stored) and all(map(_reads_as, stored, edited))
    if isinstance(edited, str) and isinstance(stored, str) and REDACTED in edited:
        return hidden_url(stored) == edited
    return bool(stored == edited)


def _restored_url(edited: str, stored: str) -> str:
    kept: dict[str, list[str]] = {}

    def note(name: str, secret: str) -> str:
        kept.setdefault(name, []).append(secret)
        return secret

    def restore(name: str, secret: str) -> str:
        known = kept.get(name)
        return known.pop(0) if known and secret == REDACTED else secret

    replaced(stored, note)
    return replaced(edited, restore)


def _holds_placeholder(text: str) -> bool:
    found: list[str] = []

    def note(_name: str, secret: str) -> str:
        found.append(secret)
        return secret

    replaced(text, note)
    return text == REDACTED or REDACTED in found
