"""Where in a definition its secrets are.

A field is secret when its model keeps it out of `repr`; so is what has the name of a secret in a
header, a form or a JSON value, and what logs in within a URL. What is sent to a target is not shown
as a secret, but may hold one that nothing tells apart: fields marked `SENT`.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from pydantic import BaseModel

from vedette.core.monitor import MonitorSpec, Target
from vedette.core.naming import names_secret
from vedette.core.sent import Sent
from vedette.core.urls import carries


class Secrecy(Enum):
    """Why a value is to be guarded."""

    SECRET = auto()
    """It is a secret."""
    URL = auto()
    """It is a URL with a login or a query."""
    SENT = auto()
    """It is sent, and may hold a secret."""


Visit = Callable[[Any, Secrecy], Any]
"""Gets a guarded value, as JSON has it; returns what is to stand in its place."""


def visited(model: MonitorSpec | Target, visit: Visit) -> dict[str, Any]:
    """A definition, or its target, as JSON values; what is guarded of the target is replaced."""
    written = model.model_dump(mode="json", by_alias=True)
    if isinstance(model, MonitorSpec):
        return written | {"target": visited(model.target, visit)}
    _visit_model(model, written, visit)
    return written


def visited_json(value: Any, visit: Visit) -> Any:
    """A JSON value with what is guarded in it replaced, as far as names and URLs tell it."""
    if isinstance(value, str):
        return visit(value, Secrecy.URL) if carries(value) else value
    if isinstance(value, list):
        return [visited_json(item, visit) for item in value]
    if isinstance(value, dict):
        return {name: _visited_member(name, member, visit) for name, member in value.items()}
    return value


def _visited_member(name: str, value: Any, visit: Visit) -> Any:
    secret = value and isinstance(value, str | list) and names_secret(name)
    return visit(value, Secrecy.SECRET) if secret else visited_json(value, visit)


def _visit_model(model: BaseModel, written: dict[str, Any], visit: Visit) -> None:
    for name, field in type(model).model_fields.items():
        key = field.serialization_alias or field.alias or name
        value, plain = getattr(model, name), written[key]
        if not plain or value == field.default:  # what everybody knows is no secret
            continue
        if field.repr is False:
            written[key] = visit(plain, Secrecy.SECRET)
        elif any(isinstance(mark, Sent) for mark in field.metadata):
            written[key] = visit(plain, Secrecy.SENT)
        elif isinstance(value, BaseModel):
            _visit_model(value, plain, visit)
        elif isinstance(value, list) and isinstance(value[0], BaseModel):
            for one, its in zip(value, plain, strict=True):
                _visit_model(one, its, visit)
        else:
            written[key] = visited_json(plain, visit)
