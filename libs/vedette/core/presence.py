"""Presence: what probers tell of themselves, so that others know what can be checked where."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

ANNOUNCE_S = 10
"""Seconds between two announcements of a prober."""
LIVE_S = 30
"""A prober that was not heard of for so many seconds is gone."""
REMEMBERED_S = 3600
"""For how long it is remembered what a prober offered that is gone."""


class Presence(BaseModel):
    """One announcement of a prober: at its start, every few seconds, and when it leaves."""

    model_config = ConfigDict(frozen=True)

    instance: str = Field(description="The process, which no other shares its name with.")
    run: UUID = Field(description="This run of the process; one that has left stays gone.")
    name: str = Field(description="What it is called in results.")
    region: str
    version: str
    kinds: list[str] = Field(description="The kinds of monitors it can check.")
    lacking: dict[str, str] = Field(
        default={}, description="The kinds it can't check, and why, with what to do about it."
    )
    ipv6: bool = Field(description="Whether it has a route to IPv6 addresses.")
    in_flight: int = Field(ge=0, description="Checks under way.")
    waiting: int = Field(ge=0, description="Checks that wait for a place.")
    concurrency: int = Field(ge=1, description="Checks it has under way at most.")
    uplink: bool | None = Field(
        default=None, description="Whether any of its canaries answers; null if it has none."
    )
    at: int | None = Field(default=None, description="When it says so by its own clock, Unix ms.")
    leaving: bool = Field(default=False, description="It takes no more jobs.")
