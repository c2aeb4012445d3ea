"""Wrong fields, as problem documents tell of them."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from vedette.core.faults import faults
from vedette.gateway.problems import FieldError


def field_errors(
    error: ValidationError, of: Any, *, within: Iterable[str] = ()
) -> list[FieldError]:
    """Every wrong field, once, of the type that was read: see `faults`."""
    return [FieldError(**fault._asdict()) for fault in faults(error, of, within=within)]
