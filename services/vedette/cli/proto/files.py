"""Which files are generated, and whether they are up to date."""

import json
from pathlib import Path
from typing import Any

import yaml

from vedette.cli.proto import asyncapi, events, schemas, settings
from vedette.core.events import EVENTS
from vedette.gateway import openapi

_FOLDER = "proto"


def files() -> dict[str, str]:
    """Every generated file: its path from the repository's root, and its text."""
    documents = {
        **{f"events/{name}.v1.json": schemas.event(data) for name, data in EVENTS.items()},
        "messages/job_batch.json": schemas.job_batch(),
        "messages/result_batch.json": schemas.result_batch(),
        "messages/presence.json": schemas.presence(),
        "monitor.json": schemas.monitor(),
        "channel.json": schemas.channel(),
        "openapi.json": openapi.document(),
    }
    return {
        **{f"{_FOLDER}/{path}": _json(document) for path, document in documents.items()},
        f"{_FOLDER}/asyncapi.yaml": _yaml(asyncapi.document()),
        "docs/settings.md": settings.document(),
        "docs/events.md": events.document(),
    }


def write(root: Path) -> None:
    """Write all of them, and remove what is generated no more."""
    wanted = files()
    for path in _left_over(root, wanted):
        (root / path).unlink()
    for path, text in wanted.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def drifted(root: Path) -> list[str]:
    """The paths that `write` would change."""
    wanted = files()
    changed = [path for path, text in wanted.items() if _read(root / path) != text]
    return sorted([*changed, *_left_over(root, wanted)])


def _left_over(root: Path, wanted: dict[str, str]) -> list[str]:
    there = (path for path in (root / _FOLDER).rglob("*") if path.is_file())
    return [name for path in there if (name := path.relative_to(root).as_posix()) not in wanted]


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar(
            "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
        )


_Dumper.add_representer(str, _Dumper.represent_text)


def _yaml(document: dict[str, Any]) -> str:
    # In our order: AsyncAPI documents are read from the top.
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
