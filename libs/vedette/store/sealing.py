"""Definitions as the database holds them: what is guarded in them is encrypted where it stands.

`{"sealed": "v1:…"}` stands for such a value; the rest can be queried. Nothing that a person writes
is taken for it: what is called "sealed" counts as a secret itself, and is encrypted. Definitions
from before hold their secrets in clear; they are read as they are.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from vedette.core.channel import REDACTED
from vedette.core.monitor import MonitorSpec
from vedette.core.secrecy import Secrecy, visited
from vedette.store.secretbox import SecretBox

_KEY = "sealed"
_VERSION = "v1:"


def sealed(spec: MonitorSpec, monitor: UUID, box: SecretBox) -> dict[str, Any]:
    """A monitor's definition, to be stored."""

    def seal(value: Any, _why: Secrecy) -> dict[str, str]:
        return {_KEY: _VERSION + box.seal_for(str(monitor), value)}

    return visited(spec, seal)


def opened(stored: Any, monitor: UUID, box: SecretBox) -> Any:
    """A stored definition as it was written.

    Raises Permanent if its secrets were sealed with another key, or are another monitor's.
    """
    return _unsealed(stored, lambda text: box.open_for(str(monitor), text))


def covered(stored: Any) -> Any:
    """A stored definition with a placeholder for each value that is sealed."""
    return _unsealed(stored, lambda _: REDACTED)


def _unsealed(stored: Any, unseal: Callable[[str], Any]) -> Any:
    if isinstance(stored, list):
        return [_unsealed(item, unseal) for item in stored]
    if not isinstance(stored, dict):
        return stored
    text = stored.get(_KEY)
    if len(stored) == 1 and isinstance(text, str) and text.startswith(_VERSION):
        return unseal(text.removeprefix(_VERSION))
    return {name: _unsealed(member, unseal) for name, member in stored.items()}
