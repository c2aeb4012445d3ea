"""Wrong fields, as problem documents tell of them."""

from collections.abc import Iterable

from pydantic import ValidationError

from vedette.core.faults import faults
from vedette.gateway.problems import FieldError


def field_errors(error: ValidationError, *, within: Iterable[str] = ()) -> list[FieldError]:
    """Every wrong field, once. `within` names tags of a union that stand before its fields."""
    return [FieldError(**fault._asdict()) for fault in faults(error, within=within)]
