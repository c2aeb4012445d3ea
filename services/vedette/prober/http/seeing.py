"""What libcurl has seen of one exchange."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pycurl

from vedette.core.outcome import Reason
from vedette.prober.answer import Answer
from vedette.prober.domain import Trouble
from vedette.prober.http.certificate import shown_in, trust_in
from vedette.prober.http.overhearing import Overhearing
from vedette.prober.http.phases import Times, phases_of, phases_until, without_connecting
from vedette.prober.http.proxy import proxy_trouble
from vedette.prober.http.quic import unconnected
from vedette.prober.http.reception import Reception
from vedette.prober.http.sending import Sending
from vedette.prober.http.troubles import trouble_of
from vedette.prober.multi import Ended, Handle
from vedette.prober.streams.shown import Shown

_VERSIONS = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
    pycurl.CURL_HTTP_VERSION_3: "3",
}
Facts = dict[str, str | int | float | bool]


@dataclass(slots=True)
class Exchange:
    """How one request went."""

    phases: dict[str, float]
    facts: Facts
    trouble: Trouble | None
    answer: Answer | None
    location: bytes | None
    larger: bool = False
    certificate: Mapping[str, Any] | None = None
    barred: bool = False
    """Whether a proxy did not get us to the target."""
    challenge: bytes | None = None
    """NTLM's, if it was asked for and the connection is still good."""
    secret: str | None = None
    """What was sent that nobody may be shown."""


@dataclass(slots=True)
class Transfer:
    """One transfer of libcurl's that has ended."""

    handle: Handle
    sending: Sending
    reception: Reception
    overheard: Overhearing | None
    """None where there is no TLS with the target."""
    ended: Ended
    ca_file: str
    timeout_s: float

    def exchange(self) -> Exchange:
        """What was seen."""
        reception, times = self.reception, self._times()
        secure = self.sending.request.origin.secure
        barred = self._barred()
        trouble = barred or self._trouble(times)
        shown = self._shown(self.overheard) if self.overheard and times.secured else None
        phases = phases_until(times) if barred is not None else phases_of(times, secure=secure)
        return Exchange(
            phases=without_connecting(phases) if self.sending.resumed else phases,
            facts=self._facts() if shown is None else {**self._facts(), **_facts_of(shown)},
            trouble=trouble,
            answer=reception.answer(),
            location=reception.location if trouble is None else None,
            larger=reception.larger,
            certificate=None if shown is None else self._certificate(shown),
            barred=barred is not None,
            challenge=reception.challenge if trouble is None else None,
        )

    def _certificate(self, shown: Shown) -> Mapping[str, Any]:
        """What assertions may look at."""
        return {"chain_valid": self._verified, **shown.subject(time.time())}

    @property
    def _verified(self) -> bool:
        return bool(self.handle.getinfo(pycurl.SSL_VERIFYRESULT) == 0)

    def _times(self) -> Times:
        getinfo = self.handle.getinfo
        first_byte, ended = getinfo(pycurl.STARTTRANSFER_TIME_T), getinfo(pycurl.TOTAL_TIME_T)
        if self.sending.resumed:
            return Times.on_a_connection(first_byte, ended)
        looked_up, connected = getinfo(pycurl.NAMELOOKUP_TIME_T), getinfo(pycurl.CONNECT_TIME_T)
        secured = getinfo(pycurl.APPCONNECT_TIME_T) if self.sending.request.origin.secure else 0
        return Times(looked_up, connected, secured, first_byte, ended)

    def _barred(self) -> Trouble | None:
        """Why the proxy didn't let us through, if there is one that didn't."""
        proxy, secure = self.sending.manner.proxy, self.sending.request.origin.secure
        if proxy is None or self.sending.resumed:
            return None
        tunnelled = not proxy.tunnels and (secure or proxy.by_address)
        return proxy_trouble(proxy, self.handle, self.ended, tunnelled=tunnelled, secure=secure)

    def _trouble(self, times: Times) -> Trouble | None:
        ended, reception, origin = self.ended, self.reception, self.sending.request.origin
        if ended.code == pycurl.E_OK:
            reception.finish()
        if reception.damage is not None:
            message = f"the answer of {origin.peer} is broken: {reception.damage}"
            return Trouble(Reason.PROTOCOL_ERROR, message)
        if ended.code == pycurl.E_OK or (ended.code == pycurl.E_WRITE_ERROR and reception.cut):
            return None
        if self.sending.manner.quic and self.overheard and not times.connected:
            ended = unconnected(ended, self.overheard.remarks)
        verified = self.handle.getinfo(pycurl.SSL_VERIFYRESULT)
        return trouble_of(ended, times, origin, timeout_s=self.timeout_s, verify_result=verified)

    def _facts(self) -> Facts:
        facts: Facts = {}
        address = self.handle.getinfo(pycurl.PRIMARY_IP)
        if address:
            facts["ip" if self.sending.manner.proxy is None else "proxy_ip"] = address
        if self.reception.status:
            facts["status"] = self.reception.status
            version = self.handle.getinfo(pycurl.INFO_HTTP_VERSION)
            facts["http_version"] = _VERSIONS.get(version, "?")
            facts["size"] = self.reception.received
        return facts

    def _shown(self, overheard: Overhearing) -> Shown | None:
        """The target's certificates."""
        tls = self.sending.manner.tls
        trust = trust_in(tls, self.ca_file) if self._verified and tls.verify else None
        return shown_in(overheard.agreed(self.handle), trust)


def _facts_of(shown: Shown) -> Mapping[str, str | int | float | bool]:
    return {"tls_version": shown.version, **shown.facts} if shown.version else shown.facts
