"""Connections to the mail server, kept for a moment so that a burst of mail shares them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import SMTP, SMTPException

from vedette.notifier.settings import NotifierSettings

_IDLE_S = 5.0
_ALIVE_WITHIN_S = 3.0


class SmtpConnections:
    """As many connections as are in use at once, and those that were until just now."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._idle: list[tuple[SMTP, asyncio.TimerHandle]] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[SMTP]:
        """A connection, logged in. After an error it is not used again."""
        client = await self._kept() or await self._connected()
        try:
            yield client
        except BaseException:
            client.close()
            raise
        self._keep(client)

    def close(self) -> None:
        """Close what is idle."""
        for client, timer in self._idle:
            timer.cancel()
            client.close()
        self._idle.clear()

    async def _kept(self) -> SMTP | None:
        while self._idle:
            client, timer = self._idle.pop()
            timer.cancel()
            # The server may have hung up meanwhile; finding out now is harmless, while a
            # connection lost in the middle of a message leaves in doubt whether it was taken.
            with suppress(SMTPException, OSError):
                await client.rset(timeout=_ALIVE_WITHIN_S)
                return client
            client.close()
        return None

    async def _connected(self) -> SMTP:
        settings = self._settings
        password = settings.smtp_password
        client = SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=password.get_secret_value() if password else None,
            timeout=settings.send_timeout_s,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            cert_bundle=str(settings.smtp_ca_file) if settings.smtp_ca_file else None,
        )
        await client.connect()
        return client

    def _keep(self, client: SMTP) -> None:
        timer = asyncio.get_running_loop().call_later(_IDLE_S, self._drop, client)
        self._idle.append((client, timer))

    def _drop(self, client: SMTP) -> None:
        self._idle = [(idle, timer) for idle, timer in self._idle if idle is not client]
        client.close()
