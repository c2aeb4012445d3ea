"""Kind dns: one question, to one server or, if it can't be asked, to the next."""

from vedette.core.kinds.dns import DnsTarget
from vedette.prober.context import Context
from vedette.prober.dns.asking import Asking
from vedette.prober.dns.expectation import Expectation
from vedette.prober.dns.seeing import facts_of, page_of, subjects_of
from vedette.prober.domain import Seen
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped


class DnsProbe:
    """A DNS target made ready."""

    def __init__(self, target: DnsTarget) -> None:
        self._asking = Asking(target)
        self._expectation = Expectation(target)

    @property
    def host(self) -> str:
        """The server that is asked first."""
        return self._asking.host

    async def probe(self, context: Context, timeout_s: float) -> Seen:
        """Ask, and judge the answer."""
        course = Course(self.host, timeout_s)
        asked = self._asking.begun(context, course)
        try:
            reply = await asked.reply()
        except Stopped as stopped:
            course.leave()
            return Seen(
                course.duration_ms,
                course.phases,
                facts=asked.facts,
                subjects=asked.subjects,
                trouble=stopped.trouble,
            )
        return Seen(
            course.duration_ms,
            course.phases,
            facts=asked.facts | facts_of(reply),
            subjects=asked.subjects | subjects_of(reply, self._expectation.records(reply)),
            trouble=self._expectation.judge(reply),
            answer=page_of(reply),
        )


PROBE = DnsProbe
