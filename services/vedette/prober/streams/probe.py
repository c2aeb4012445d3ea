"""Probes of targets at the other end of one connection."""

from vedette.core.tls import TlsOptions
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.streams.course import Course
from vedette.prober.streams.trust import check_own
from vedette.prober.streams.visit import Place, Visit


class StreamProbe:
    """A place made ready to be connected to; each kind says how it converses there."""

    def __init__(self, place: Place, tls: TlsOptions | None = None) -> None:
        """Raises ValueError for TLS options that can't be used."""
        self._place = place
        if tls is not None:
            check_own(tls)

    @property
    def host(self) -> str:
        """The target's host."""
        return self._place.name

    async def probe(self, context: Context, timeout_s: float) -> Seen:
        """Connect and converse."""
        visit = Visit(context, self._place, Course(self._place.peer, timeout_s))
        return await visit.go(self._converse)

    async def _converse(self, visit: Visit) -> None:
        """Raises Stopped for what is not as it should be."""
        raise NotImplementedError
