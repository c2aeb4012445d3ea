"""Definitions, validated as the API and `vedette check` validate them."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from tests.conformance.mapping.reading import NotExpressible
from tests.conformance.observation import Observation, Problem

from vedette.core.kinds import parse_monitor
from vedette.core.maintenance import parse_maintenance
from vedette.core.monitor import ProbedSpec
from vedette.prober.plans import Unusable, plan_of


def validated(define: Callable[[], Mapping[str, Any]]) -> Observation:
    """A definition, or why it is refused. Raises NotExpressible."""
    try:
        spec = parse_monitor(define())
        if not isinstance(spec, ProbedSpec):
            return Observation()
        plan_of(spec.probed())
    except NotExpressible:
        raise
    except ValidationError as error:
        return _refusal([Problem(one["loc"], one["msg"]) for one in error.errors()])
    except (ValueError, Unusable) as error:
        return _refusal([Problem((), str(error))])
    return Observation(spec=spec)


def planned(define: Callable[[], Mapping[str, Any]]) -> Observation:
    """A maintenance, or why it is refused. Raises NotExpressible."""
    try:
        parse_maintenance(define())
    except ValidationError as error:
        # Behind the kind, which is ours alone.
        return _refusal([Problem(one["loc"][1:], one["msg"]) for one in error.errors()])
    return Observation()


def _refusal(problems: list[Problem]) -> Observation:
    return Observation(problems=problems, output="\n".join(map(str, problems)))
