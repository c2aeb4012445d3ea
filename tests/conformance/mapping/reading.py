"""Reading a record key by key."""

from collections.abc import Mapping
from typing import Any


class NotExpressible(Exception):
    """A key of a record, or a value of it, that our model has no word for."""

    def __init__(self, key: str) -> None:
        super().__init__(f"not expressible: {key}")


def only(record: Mapping[str, Any], *keys: str) -> None:
    """Raises NotExpressible for other keys in a record."""
    others = [key for key in record if key not in keys]
    if others:
        raise NotExpressible(", ".join(others))


class Watched(dict[str, Any]):
    """A record that notes which of its keys are looked up."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        super().__init__(record)
        self._read: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self._read.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""
        self._read.add(key)
        return super().get(key, default)

    def finish(self) -> None:
        """Raises NotExpressible for keys that nobody has looked up."""
        only(self, *self._read)


class Reading:
    """A record of which every key must be read."""

    def __init__(self, record: Mapping[str, Any], *, kind: str, source: str) -> None:
        self._record = record
        self._read: set[str] = set()
        self.kind = kind
        self.source = source

    def __contains__(self, key: str) -> bool:
        return self._record.get(key) is not None

    def is_given(self, key: str) -> bool:
        """Whether the record says anything of a key, be it that there is none."""
        return key in self._record

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""
        self._read.add(key)
        value = self._record.get(key)
        return default if value is None else value

    def under(self, key: str) -> "Reading":
        """The mapping under a key; empty if there is none."""
        return Reading(self.get(key, {}), kind=self.kind, source=self.source)

    def renamed(self, **names: str) -> dict[str, Any]:
        """What is there of these keys, by the names that our model has for them."""
        return {ours: self.get(theirs) for ours, theirs in names.items() if theirs in self}

    def finish(self) -> None:
        """Raises NotExpressible for keys that nobody has read."""
        left = [key for key in self._record if key not in self._read]
        if left:
            raise NotExpressible(", ".join(left))
