"""A mailbox with a mail server in front of it."""

from __future__ import annotations

import asyncio
import email
import email.policy
import hmac
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from vedette.testing.certificates import identity
from vedette.testing.ports import free_port
from vedette.testing.waiting import eventually

Encryption = Literal["none", "starttls", "implicit"]


class Mailbox:
    """Every message that was accepted (`messages`), and how to treat the next.

    `refusing` answers 451 (try again), `rejecting` 550 (never), and `losing_answers` takes the
    message but breaks the connection before saying so. Unless `international`, it takes only
    addresses in ASCII.
    """

    def __init__(
        self,
        *,
        context: ssl.SSLContext | None,
        encryption: Encryption,
        login: tuple[str, str] | None,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self.ca_file: Path | None = None
        self.messages: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.refusing = False
        self.international = True
        self.rejecting = False
        self.losing_answers = False
        self._context = context
        self._encryption = encryption
        self._login = login
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    def visible(self) -> list[EmailMessage]:
        """What a person sees whose mail program shows each Message-ID once."""
        seen: dict[object, EmailMessage] = {}
        for message in self.messages:
            seen.setdefault(message["Message-ID"] or object(), message)
        return list(seen.values())

    async def start(self) -> None:
        """Accept connections."""
        if self._server is None:
            implicit = self._context if self._encryption == "implicit" else None
            self._server = await asyncio.get_running_loop().create_server(
                self._connect, self.host, self.port, ssl=implicit
            )

    async def stop(self) -> None:
        """Refuse connections, and break those that are open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            connection.abort()
        await eventually(lambda: not self._connections, every=0.01, what="the connections' end")

    def _connect(self) -> _Connection:
        starttls = self._context if self._encryption == "starttls" else None
        with warnings.catch_warnings():
            # Logins without TLS are what a test of logins wants.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
            return _Connection(
                self,
                self._connections,
                hostname="localhost",
                enable_SMTPUTF8=self.international,
                tls_context=starttls,
                require_starttls=starttls is not None,
                auth_required=self._login is not None,
                auth_require_tls=False,
                authenticator=self._authenticate,
            )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        if not isinstance(data, LoginPassword) or self._login is None:
            return AuthResult(success=False, handled=False)
        given, wanted = data.login + b"\0" + data.password, "\0".join(self._login).encode()
        return AuthResult(success=hmac.compare_digest(given, wanted), handled=False)

    # aiosmtpd finds these by their names.

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The sender: the moment for temporary trouble."""
        if self.refusing:
            return "451 4.3.0 try again later"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A recipient: the moment for a permanent no."""
        if self.rejecting:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """The message itself."""
        content = (envelope.original_content or b"").replace(b"\r\n", b"\n")
        self.messages.append(email.message_from_bytes(content, policy=email.policy.default))
        self.envelopes.append(envelope)
        if self.losing_answers and isinstance(server, _Connection):
            server.abort()
        return "250 2.0.0 OK"


class _Connection(SMTP):
    def __init__(self, mailbox: Mailbox, register: set[_Connection], **options: Any) -> None:
        super().__init__(mailbox, **options)
        self._register = register

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._register.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._register.discard(self)

    def abort(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        if self._tls_protocol is not None and self.session is not None and not self.session.ssl:
            # Nobody tells of a connection that is lost before the end of its handshake.
            self.connection_lost(None)


@asynccontextmanager
async def running_mailbox(
    *, encryption: Encryption = "none", login: tuple[str, str] | None = None
) -> AsyncIterator[Mailbox]:
    """A mail server on this machine; clients trust `ca_file` if it speaks TLS.

    With `login` (a user and a password), nobody else may send.
    """
    with ExitStack() as stack:
        own = stack.enter_context(identity("valid")) if encryption != "none" else None
        context = own.context if own else None
        mailbox = Mailbox(context=context, encryption=encryption, login=login)
        mailbox.ca_file = own.ca_file if own else None
        await mailbox.start()
        try:
            yield mailbox
        finally:
            await mailbox.stop()
