"""A series of echo requests to one address, and the deadline that ends it."""

import asyncio

from vedette.core.kinds.icmp import IcmpTarget
from vedette.prober.icmp.echoes import Echoes, Packet


class Series:
    """One series under way."""

    def __init__(self, target: IcmpTarget, echoes: Echoes, address: str) -> None:
        """Raises OSError for an address this host can't send to."""
        self.sent: list[Packet] = []
        self.unsent: OSError | None = None
        """Why this host did not send the last packet that it did not send."""
        self.target = target
        self._echoes = echoes
        self._peer = echoes.peer(address)
        self._answered = asyncio.Event()
        self._dropped = echoes.dropped

    @property
    def undecided(self) -> bool:
        """Whether answers may have come that this host lost."""
        return self._echoes.dropped != self._dropped

    async def run(self, timeout_s: float) -> None:
        """Send the packets and wait until all are answered, or the time is over."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._converse()
        except TimeoutError:
            self._echoes.read()  # what has come in while the loop was busy was in time
        finally:
            self._echoes.forget(self.sent)

    async def _converse(self) -> None:
        for number in range(self.target.count):
            if number:
                await asyncio.sleep(self.target.interval_ms / 1000)
            self._send()
        while any(packet.pending for packet in self.sent):
            self._answered.clear()
            await self._answered.wait()

    def _send(self) -> None:
        target = self.target
        try:
            packet = self._echoes.send(
                self._peer, target.payload_bytes, target.ttl, self._answered.set
            )
        except OSError as error:
            self.unsent = error
        else:
            self.sent.append(packet)
