"""Kind `group`: the sum of other monitors, its members.

Up when all members are, or as many as `needs` says; degraded when only with those that are
degraded there are enough; down when there are too few (`members`, naming those that are down).
Members that are paused or pending have no say. When it hangs on members of which nothing is known,
its state is `unknown`. Groups may be members of groups.
"""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from vedette.core.monitor import PassiveSpec, Target


class GroupTarget(Target):
    """The members, and how many of them must be up."""

    members: list[UUID] = Field(
        min_length=1, max_length=500, description="The ids of the monitors it is made of."
    )
    needs: Literal["all"] | int = Field(
        default="all",
        description="How many members must be up: `all` (the worst of them counts) or a number.",
    )

    @field_validator("members")
    @classmethod
    def _each_once(cls, members: list[UUID]) -> list[UUID]:
        return list(dict.fromkeys(members))

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if isinstance(self.needs, int) and not 1 <= self.needs <= len(self.members):
            raise ValueError(f"needs is `all` or a number from 1 to {len(self.members)}")
        return self

    def summary(self) -> str:
        """How many of how many."""
        needed = "all" if self.needs == "all" else f"{self.needs}"
        return f"{needed} of {len(self.members)} members"


class GroupMonitor(PassiveSpec):
    """A monitor of kind group."""

    kind: Literal["group"] = "group"
    target: GroupTarget
