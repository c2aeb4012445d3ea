"""By the assertions alone: a tree, and what was seen."""

from typing import Any

from pydantic import TypeAdapter
from tests.conformance.kit import Run
from tests.conformance.mapping.condition import evaluation_of
from tests.conformance.mapping.reading import NotExpressible
from tests.conformance.observation import Observation, Problem

from vedette.core.assertions import Assertions, Facts, evaluate

_NODES: TypeAdapter[list[Any]] = TypeAdapter(Assertions)


def replay(run: Run) -> Observation:
    """Whether the tree of a run holds. Raises NotExpressible."""
    try:
        evaluation = evaluation_of(run.probe, run.source)
        [node] = _NODES.validate_python([evaluation.tree])
    except NotExpressible:
        raise
    except ValueError as error:
        return Observation(problems=[Problem(("assertions", 0), str(error))], output=str(error))
    failure = evaluate(node, Facts(evaluation.subjects))
    message = None if failure is None else failure.message
    return Observation(
        output=message or "",
        values={"success": failure is None, "message": message},
    )
