"""How long what was seen is kept, as the API shows it."""

from asyncpg import Record
from pydantic import Field

from vedette.core.retention import RetentionSpec
from vedette.gateway.settings import GatewaySettings
from vedette.gateway.views.common import Instant, View


class DefaultsView(View):
    """What holds for the whole installation."""

    checks_days: int
    evidence_days: int
    longest_days: int = Field(description="Nobody may ask for more.")


class RetentionRecord(View):
    """What there is besides the definition."""

    defaults: DefaultsView = Field(description="What holds where nothing is said.")
    version: int = Field(description="Counts every write; also the ETag. 0: never written.")
    updated_at: Instant | None


class RetentionView(RetentionSpec, RetentionRecord):
    """How long is kept what, and what holds where nothing is said."""


def retention_view(row: Record | None, settings: GatewaySettings) -> RetentionView:
    """A row of `store.retention`, or none, as an answer."""
    spec = RetentionSpec() if row is None else RetentionSpec.model_validate(row["spec"])
    return RetentionView(
        **dict(spec),
        defaults=DefaultsView(
            checks_days=settings.retention_days,
            evidence_days=settings.evidence_retention_days,
            longest_days=settings.retention_max_days,
        ),
        version=0 if row is None else row["version"],
        updated_at=None if row is None else row["updated_at"],
    )
