"""Runs that need not pass, each with a reason that a user would accept."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

Class = Literal["decision", "not offered", "not yet"]
_FILE = Path(__file__).with_name("exceptions.yaml")


@dataclass(frozen=True)
class Exceptions:
    """Patterns of ids and of what is wrong, and their reasons; the first that fits counts."""

    rules: tuple[tuple[str, str, Class, str], ...]

    @classmethod
    def load(cls, file: Path = _FILE) -> "Exceptions":
        """Those of the repository. Raises ValueError for one without a class or a reason."""
        rules = []
        for entry in yaml.safe_load(file.read_text()):
            why, kind = entry["why"], entry["class"]
            if kind not in get_args(Class) or not why:
                raise ValueError(f"{entry}: class is one of {get_args(Class)}, why is a sentence")
            wrong = entry.get("wrong", "*")
            rules += [(pattern, wrong, kind, why) for pattern in _list(entry["runs"])]
        return cls(tuple(rules))

    def of(self, run: str, wrong: str = "") -> tuple[Class, str] | None:
        """Why a run need not pass of which this is wrong."""
        for runs, wrongs, kind, why in self.rules:
            if fnmatchcase(run, runs) and fnmatchcase(wrong, wrongs):
                return kind, why
        return None


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
