"""How long what was seen is kept, as a workspace's owner writes it down."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vedette.core.monitor import Tag

Days = Annotated[int, Field(ge=1, le=3650)]


class Kept(BaseModel):
    """Days; null leaves it to what holds otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checks_days: Days | None = Field(
        default=None, description="Days that single checks are kept, besides the present one."
    )
    evidence_days: Days | None = Field(
        default=None, description="Days that failing answers are kept as evidence."
    )


class RetentionSpec(Kept):
    """For a workspace: null is the installation's default.

    For a monitor with tags that are named here, the longest of theirs holds, be it longer or
    shorter than the workspace's.
    """

    tags: dict[Tag, Kept] = Field(
        default={},
        max_length=100,
        description="What holds for monitors with a tag in place of the workspace's days; of"
        " several tags, the longest.",
    )
