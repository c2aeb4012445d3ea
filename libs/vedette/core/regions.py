"""What can be wrong with a region: a named pool of probers."""

from enum import StrEnum


class Trouble(StrEnum):
    """Why what a region's probers say can't be had, or can't be trusted."""

    NO_PROBERS = "no_probers"
    UPLINK = "uplink"
    DISAGREEMENT = "disagreement"

    @property
    def words(self) -> str:
        """The trouble in plain English, for messages and pages."""
        return WORDS[self]


WORDS = {
    Trouble.NO_PROBERS: "it has no prober",
    Trouble.UPLINK: "its probers have lost their way to the network",
    Trouble.DISAGREEMENT: "what it sees fail is contradicted by its canaries or by other regions",
}
