"""Plans: definitions made ready to run, kept as long as there is room."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vedette.core.assertions import Assertions
from vedette.core.errors import VedetteError
from vedette.core.faults import faults
from vedette.core.job import Definition
from vedette.core.kinds import kinds
from vedette.core.version import __version__
from vedette.prober.discretion import Discretion, discretion_of
from vedette.prober.domain import Expectation, Telling
from vedette.prober.jobs import Job
from vedette.prober.probes import Probe, offer

_CAPACITY = 200_000
_NODES: TypeAdapter[list[Any]] = TypeAdapter(Assertions)


class Unusable(VedetteError):
    """A definition that this prober can't run; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A definition that was validated and made ready."""

    kind: str
    probe: Probe
    timeout_s: float
    expectation: Expectation
    domain_host: str | None
    """Whose registration assertions may look at."""
    discretion: Discretion
    telling: Telling


class Plans:
    """The plans of the monitors seen lately."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[tuple[int, int], Plan] = OrderedDict()

    def of(self, job: Job) -> Plan:
        """The plan for a job. Raises Unusable."""
        key = (job.monitor_id.int, job.revision)  # a UUID is slow to be compared
        plan = self._kept.get(key)
        if plan is not None:
            self._kept.move_to_end(key)
            return plan
        plan = plan_of(job.definition)
        # Revision 0 stands for definitions that aren't stored: each may differ from the last.
        if job.revision:
            self._kept[key] = plan
            if len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        return plan


def plan_of(raw: Any) -> Plan:
    """Validate a definition and prepare its probe. Raises Unusable."""
    try:
        definition = Definition.model_validate(raw)
        if definition.obstacle is not None:
            raise Unusable(definition.obstacle)
        maker = _maker_of(definition.kind)
        target = kinds()[definition.kind].model_fields["target"].annotation
        assert target is not None
        validated = target.model_validate(definition.target)
        return Plan(
            kind=definition.kind,
            probe=maker(validated),
            timeout_s=definition.timeout_s,
            expectation=_expectation_of(definition),
            domain_host=validated.domain_host(),
            discretion=discretion_of(validated),
            telling=Telling(definition.detail, definition.evidence, definition.evidence_body_bytes),
        )
    except ValidationError as error:
        raise Unusable(f"the definition isn't valid: {_explain(error)}") from error
    except ValueError as error:
        raise Unusable(f"the definition isn't valid: {error}") from error


def _maker_of(kind: str) -> Callable[[Any], Probe]:
    here = offer()
    if kind in kinds() and kind in here.makers:
        return here.makers[kind]
    if kind in here.lacking:
        raise Unusable(f"this prober can't check the kind {kind}: {here.lacking[kind]}")
    raise Unusable(f"the prober ({__version__}) knows no kind {kind!r}")


def _expectation_of(definition: Definition) -> Expectation:
    return Expectation.of(
        _NODES.validate_python(definition.assertions),
        definition.degraded_after_ms,
        degraded_assertions=_NODES.validate_python(definition.degraded_assertions),
        expect_failure=definition.expect_failure,
    )


def _explain(error: ValidationError) -> str:
    return "; ".join(map(str, faults(error)))
