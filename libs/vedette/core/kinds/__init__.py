"""The kinds of monitor: one module a kind, each with its target model and its documentation.

A module here defines one subclass of `ProbedSpec` (or, of kinds that are told how their target is,
`PassiveSpec`) whose `kind` is a literal. Adding a kind is adding its module here and its probe in
the prober: nothing lists them by hand.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from vedette.core.monitor import MonitorSpec, PassiveSpec, ProbedSpec


@cache
def kinds() -> dict[str, type[MonitorSpec]]:
    """Every kind's monitor model, by the kind's name, in the order of their names."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    # Their order as subclasses is that in which they happened to be imported.
    models: list[type[MonitorSpec]] = [*ProbedSpec.__subclasses__(), *PassiveSpec.__subclasses__()]
    return dict(sorted((_name(model), model) for model in models))


class _Kind(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    kind: str

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in kinds():
            raise ValueError(f"no such kind; there is {', '.join(sorted(kinds()))}")
        return kind


def model_of(data: Mapping[str, Any]) -> type[MonitorSpec] | None:
    """The model of the kind that a definition names, if it names one."""
    return kinds().get(str(data.get("kind")))


def parse_monitor(data: Mapping[str, Any]) -> MonitorSpec:
    """Validate a monitor's definition as a person wrote it.

    Raises pydantic.ValidationError, with one error for each wrong field.
    """
    return kinds()[_Kind.model_validate(data).kind].model_validate(data)


def _name(model: type[MonitorSpec]) -> str:
    return str(model.model_fields["kind"].default)
