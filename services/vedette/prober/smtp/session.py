"""A session with a mail server, step by step."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from ssl import SSLError

from vedette.core.kinds.smtp import SmtpAuth
from vedette.core.outcome import Reason
from vedette.prober.smtp.replies import Reply, reply
from vedette.prober.streams.starttls.lines import own_name
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.visit import Visit

_NO_EHLO = frozenset({500, 502, 504})
# A command has 512 bytes, its end included (RFC 5321, section 4.5.3.1.4).
_LONGEST_COMMAND = 510
_GOODBYE_S = 1.0


class Session:
    """One connection, after its first byte or within TLS. Its methods raise Stopped."""

    def __init__(self, visit: Visit, helo: str | None) -> None:
        self._visit = visit
        self._helo = helo
        self.extensions: Sequence[str] = ()
        """What the server offers, in its words."""

    async def greet(self) -> Reply:
        """The server's greeting."""
        self._visit.course.converse("greeting")
        return self._agreed(await reply(self._visit.stream, "the connection"), "the connection")

    async def introduce(self) -> None:
        """Say who we are, and hear what is offered; a server before ESMTP offers nothing."""
        self._visit.course.converse("EHLO")
        name = self._helo or own_name(self._visit.stream)
        answer = await self._ask(f"EHLO {name}")
        if answer.code in _NO_EHLO:
            self._agreed(await self._ask(f"HELO {name}"), "HELO")
            self.extensions = ()
            return
        self.extensions = self._agreed(answer, "EHLO").lines[1:]

    def offers(self, keyword: str) -> bool:
        """Whether an extension is offered."""
        return any(one.upper().split()[:1] == [keyword] for one in self.extensions)

    async def begin_tls(self, *, insist: bool) -> bool:
        """Ask for TLS; False if the server has none, and that is all right."""
        self._visit.course.enter("starttls", "STARTTLS")
        if not self.offers("STARTTLS"):
            if insist:
                raise self._lacking("STARTTLS")
            return False
        answer = await self._ask("STARTTLS")
        if insist:
            self._agreed(answer, "STARTTLS")
        return answer.good

    async def log_in(self, auth: SmtpAuth) -> None:
        """Log in."""
        mechanism = self._mechanism(auth)
        self._visit.course.enter("login", f"AUTH {mechanism}")
        if mechanism == "PLAIN":
            said = [_base64(f"\0{auth.username}\0{auth.password}")]
            if len(said[0]) + len("AUTH PLAIN ") <= _LONGEST_COMMAND:
                answer = await self._ask(f"AUTH PLAIN {said.pop()}")
            else:
                answer = await self._ask("AUTH PLAIN")
        else:
            said = [_base64(auth.password), _base64(auth.username)]
            answer = await self._ask("AUTH LOGIN")
        while said and answer.code == 334:
            answer = await self._ask(said.pop(), f"AUTH {mechanism}")
        self._agreed(answer, f"AUTH {mechanism}")

    async def offer_mail(self, mail_from: str, rcpt_to: str | None) -> None:
        """Ask whether a sender and a recipient would do, and take it back."""
        self._visit.course.enter("exchange", "MAIL FROM")
        self._agreed(await self._ask(f"MAIL FROM:<{mail_from}>"), f"MAIL FROM:<{mail_from}>")
        if rcpt_to is not None:
            self._visit.course.now("RCPT TO")
            self._agreed(await self._ask(f"RCPT TO:<{rcpt_to}>"), f"RCPT TO:<{rcpt_to}>")
        self._visit.course.now("RSET")
        self._agreed(await self._ask("RSET"), "RSET")

    async def leave(self) -> None:
        """Say goodbye and hear it said, if that does not take long; nothing depends on it."""
        self._visit.course.enter("close", "QUIT")
        with suppress(Stopped, SSLError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await self._ask("QUIT")

    async def break_off(self) -> None:
        """Say goodbye to a server that said something wrong."""
        with suppress(Stopped, SSLError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await self._visit.stream.send(b"QUIT\r\n")

    async def _ask(self, command: str, shown: str | None = None) -> Reply:
        await self._visit.stream.send(command.encode() + b"\r\n")
        return await reply(self._visit.stream, shown or command.split(":", maxsplit=1)[0])

    def _agreed(self, answer: Reply, to: str) -> Reply:
        if answer.good:
            return answer
        self._visit.facts["smtp_code"] = answer.code
        words = f"{self._visit.place.peer} answered {to} with {answer}"
        raise Stopped(Reason.STATUS, words)

    def _mechanism(self, auth: SmtpAuth) -> str:
        """The way to log in. `AUTH=` is how servers wrote it before the standard."""
        listed = [one.upper().replace("=", " ").split() for one in self.extensions]
        offered = {name for words in listed if words[:1] == ["AUTH"] for name in words[1:]}
        wanted = ["PLAIN", "LOGIN"] if auth.mechanism == "any" else [auth.mechanism.upper()]
        found = next((name for name in wanted if name in offered), None)
        if found is None:
            raise self._lacking(f"AUTH {' or '.join(wanted)}")
        return found

    def _lacking(self, what: str) -> Stopped:
        listed = ", ".join(self.extensions)[:200] or "nothing"
        words = f"{self._visit.place.peer} does not offer {what}; it offers {listed}"
        return Stopped(Reason.ANSWER, words)


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
