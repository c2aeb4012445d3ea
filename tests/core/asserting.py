"""Shorthands for tests of assertions."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from vedette.core.assertions import Assertions, Facts, Failure, Tree, evaluate

NODES: TypeAdapter[list[Tree]] = TypeAdapter(Assertions)


def node(written: Any) -> Tree:
    """The validated node."""
    return NODES.validate_python([written])[0]


def judged(written: Any, **subjects: Any) -> Failure | None:
    """What of an assertion fails, of these subjects."""
    return evaluate(node(written), Facts(subjects))


def holds(written: Any, **subjects: Any) -> bool:
    """Whether it holds."""
    return judged(written, **subjects) is None


def said(written: Any, **subjects: Any) -> str:
    """The message of its failure."""
    failure = judged(written, **subjects)
    assert failure is not None
    return failure.message


def refused(written: Any) -> str:
    """Why it is no assertion."""
    try:
        NODES.validate_python([written])
    except ValidationError as error:
        return error.errors()[0]["msg"]
    raise AssertionError(f"{written} is not refused")


def leaf(subject: str, operator: str, value: Any, **more: Any) -> dict[str, Any]:
    """A leaf as it is written."""
    return {"subject": subject, "operator": operator, "value": value, **more}


def seen(subject: str, operator: str, other: str, **of_other: Any) -> dict[str, Any]:
    """A leaf that is compared with something else that was seen."""
    return {"subject": subject, "operator": operator, "value_of": {"subject": other, **of_other}}
