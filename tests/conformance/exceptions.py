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
    """Id patterns and their reasons; the first that fits counts."""

    rules: tuple[tuple[str, Class, str], ...]

    @classmethod
    def load(cls, file: Path = _FILE) -> "Exceptions":
        """Those of the repository. Raises ValueError for one without a class or a reason."""
        rules = []
        for entry in yaml.safe_load(file.read_text()):
            why, kind = entry["why"], entry["class"]
            if kind not in get_args(Class) or not why:
                raise ValueError(f"{entry}: class is one of {get_args(Class)}, why is a sentence")
            rules += [(pattern, kind, why) for pattern in _list(entry["runs"])]
        return cls(tuple(rules))

    def of(self, run: str) -> tuple[Class, str] | None:
        """Why a run need not pass."""
        fitting = (rule for rule in self.rules if fnmatchcase(run, rule[0]))
        found = next(fitting, None)
        return None if found is None else found[1:]


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
