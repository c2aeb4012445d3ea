"""A request made ready to be sent."""

from dataclasses import dataclass

from vedette.prober.curl import Setopts, Standing
from vedette.prober.http.manner import Manner
from vedette.prober.http.request import Request


@dataclass(frozen=True, slots=True)
class Sending:
    """A request made ready: everything that is the same whenever it is sent."""

    request: Request
    manner: Manner
    setopts: Setopts
    """All options, or those beside the standing ones."""
    standing: Standing | None
    """The options that its handle has anyway; None if it takes one without any."""
    opening: bool = False
    """Whether it opens a login that is gone on with over the same connection."""
    resumed: bool = False
    """Whether it is sent over a connection that is there."""

    @classmethod
    def of(cls, request: Request, manner: Manner) -> "Sending":
        """Make a request ready."""
        standing = manner.standing(request)
        had = () if standing is None else standing.setopts
        setopts = tuple(one for one in manner.setopts(request) if one not in had)
        return cls(request, manner, setopts, standing)
