"""Kind tls: a handshake, and what its certificate must be."""

import time

from vedette.core.kinds.tls import TlsTarget
from vedette.core.outcome import Reason
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.shown import Shown
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.visit import Place, Visit

_DAY_S = 86_400


class TlsProbe(StreamProbe):
    """A port that speaks TLS, made ready."""

    def __init__(self, target: TlsTarget) -> None:
        super().__init__(Place.of(target), target.tls)
        self._target = target

    async def _converse(self, visit: Visit) -> None:
        if self._target.starttls is not None:
            await visit.negotiate(self._target.starttls)
        if await visit.secure(self._target.tls):
            self._judge(visit.shown)

    def _judge(self, shown: Shown | None) -> None:
        """Raises Stopped for a certificate that is not as the target says."""
        target = self._target
        its = f"the certificate of {target.peer}"
        if shown is None:
            raise Stopped(Reason.TLS_HANDSHAKE, f"{its} can't be read")
        found = shown.certificate.fingerprint
        if target.fingerprints and found not in target.fingerprints:
            raise Stopped(Reason.CERTIFICATE, f"{its} is another: its SHA-256 is {found}")
        if target.min_days_left is None:
            return
        days = (shown.lasts_until.timestamp() - time.time()) / _DAY_S
        if days < target.min_days_left:
            at = shown.lasts_until
            words = f"{its} expires in {days:.1f} days ({at:%Y-%m-%d}), fewer than"
            raise Stopped(Reason.CERTIFICATE, f"{words} {target.min_days_left}")


PROBE = TlsProbe
