"""Kind smtp: a session with a mail server, up to a recipient."""

from vedette.core.kinds.smtp import SmtpTarget
from vedette.prober.smtp.session import Session
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.visit import Place, Visit

_MOST_SHOWN = 500


class SmtpProbe(StreamProbe):
    """A mail server made ready."""

    def __init__(self, target: SmtpTarget) -> None:
        super().__init__(Place.of(target), target.tls)
        self._target = target

    async def _converse(self, visit: Visit) -> None:
        if self._target.encryption == "implicit" and not await visit.secure(self._target.tls):
            return
        session = Session(visit, self._target.helo)
        try:
            await self._go_through(visit, session)
        except Stopped:
            await session.break_off()
            raise
        finally:
            self._note(visit, session)

    async def _go_through(self, visit: Visit, session: Session) -> None:
        target = self._target
        visit.facts["banner"] = (await session.greet()).text[:_MOST_SHOWN]
        await session.introduce()
        if not await self._encrypt(visit, session):
            return
        if target.auth is not None:
            await session.log_in(target.auth)
        if target.mail_from is not None or target.rcpt_to is not None:
            await session.offer_mail(target.mail_from or "", target.rcpt_to)
        self._note(visit, session)
        await session.leave()

    async def _encrypt(self, visit: Visit, session: Session) -> bool:
        """Go over to TLS if that is wanted; False if it ended with the alert that is expected."""
        insist = self._target.encryption == "starttls"
        if not insist and self._target.encryption != "if_offered":
            return True
        if await session.begin_tls(insist=insist):
            if not await visit.secure(self._target.tls):
                return False
            await session.introduce()
        return True

    def _note(self, visit: Visit, session: Session) -> None:
        visit.subjects["body"] = visit.stream.received.decode(errors="replace")
        visit.subjects["answer"] = list(session.extensions)
        visit.facts["extensions"] = ", ".join(session.extensions)[:_MOST_SHOWN]


PROBE = SmtpProbe
