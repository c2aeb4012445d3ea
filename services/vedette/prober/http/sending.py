"""A request made ready to be sent."""

from dataclasses import dataclass

from vedette.prober.http.manner import Manner
from vedette.prober.http.proxy import Setopts
from vedette.prober.http.request import Request


@dataclass(frozen=True, slots=True)
class Sending:
    """A request made ready: everything that is the same whenever it is sent."""

    request: Request
    manner: Manner
    setopts: Setopts
    opening: bool = False
    """Whether it opens a login that is gone on with over the same connection."""
    resumed: bool = False
    """Whether it is sent over a connection that is there."""

    @classmethod
    def of(cls, request: Request, manner: Manner) -> "Sending":
        """Make a request ready."""
        return cls(request, manner, manner.setopts(request))
