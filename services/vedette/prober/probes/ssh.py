"""Kind ssh: identification, algorithms, and the host key if one is expected."""

from contextlib import suppress
from typing import Any

from vedette.core.dialogue import compiled
from vedette.core.kinds.ssh import SshTarget, host_key
from vedette.core.outcome import Reason
from vedette.prober.answer import Answer
from vedette.prober.ssh import packets
from vedette.prober.ssh.algorithms import Algorithms
from vedette.prober.ssh.identification import OURS, Identification, check_version, identification
from vedette.prober.ssh.keys import host_key_of
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.visit import Place, Visit

_MOST_SHOWN = 500
_BY_APPLICATION = 11
_GOODBYE = (
    bytes([packets.DISCONNECT])
    + _BY_APPLICATION.to_bytes(4, "big")
    + packets.string(b"checked")
    + packets.string(b"")
)


class SshProbe(StreamProbe):
    """A port that speaks SSH, made ready."""

    def __init__(self, target: SshTarget) -> None:
        super().__init__(Place.of(target))
        self._target = target
        self._banner = None if target.banner is None else compiled(target.banner)
        self._host_keys = [host_key(written) for written in target.host_keys]

    async def _converse(self, visit: Visit) -> None:
        visit.course.converse("identification")
        told = await identification(visit.stream)
        self._note(visit, told)
        check_version(told, visit.place.peer)
        if self._banner is not None and self._banner.search(told.text) is None:
            words = f"{visit.place.peer} identifies itself as {told.text!r}"
            raise Stopped(Reason.ANSWER, f"{words}, without a match of {self._target.banner!r}")
        await self._negotiate(visit, told)

    async def _negotiate(self, visit: Visit, told: Identification) -> None:
        visit.course.enter("exchange", "algorithms (KEXINIT)")
        stream = visit.stream
        await stream.send(OURS + b"\r\n")
        theirs = await packets.receive(stream, packets.KEXINIT, "its algorithms (KEXINIT)")
        try:
            offered = Algorithms.of(theirs)
        except packets.Malformed as error:
            words = f"the algorithms (KEXINIT) of {stream.peer} are malformed: {error}"
            raise Stopped(Reason.PROTOCOL_ERROR, words) from None
        listed = offered.told()
        visit.subjects["json"] |= listed
        visit.facts |= {name: ", ".join(names)[:_MOST_SHOWN] for name, names in listed.items()}
        if self._host_keys:
            visit.course.now("host key")
            await self._check_host_key(visit, told, theirs)
        with suppress(Stopped):
            await packets.send(stream, _GOODBYE)

    async def _check_host_key(self, visit: Visit, told: Identification, theirs: bytes) -> None:
        key = await host_key_of(visit.stream, told.line, theirs, self._host_keys)
        visit.facts["host_key"] = f"{key.type} {key.fingerprint}"
        if not any(key.fits(expected) for expected in self._host_keys):
            words = f"the host key of {visit.place.peer} is another: {visit.facts['host_key']}"
            raise Stopped(Reason.CERTIFICATE, words)

    def _note(self, visit: Visit, told: Identification) -> None:
        visit.facts["banner"] = told.text
        visit.answer = Answer(body=told.line)  # the rest of what is said is not for people
        parts: dict[str, Any] = {"version": told.version, "software": told.software}
        visit.subjects["json"] = parts | {"comment": told.comment}


PROBE = SshProbe
