"""One request and its answer, by libcurl, over a connection of its own."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pycurl

from vedette.core.outcome import Reason
from vedette.prober.answer import Answer
from vedette.prober.context import Context
from vedette.prober.curl import Ended, Handle
from vedette.prober.domain import Trouble
from vedette.prober.http.certificate import certificate_of
from vedette.prober.http.gate import gated
from vedette.prober.http.manner import Manner
from vedette.prober.http.origin import bracketed
from vedette.prober.http.phases import Times, phases_of, phases_until
from vedette.prober.http.proxy import Setopts, proxy_trouble
from vedette.prober.http.reception import Reception
from vedette.prober.http.request import Request
from vedette.prober.http.troubles import trouble_of

_VERSIONS = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
    pycurl.CURL_HTTP_VERSION_3: "3",
}
# The addresses we hand over are those of this moment and no later one.
_ADDRESSES_KEPT_S = 1


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where to connect to; empty where the host itself is an address, or not ours to resolve."""

    target: Sequence[str] = ()
    proxy: Sequence[str] = ()


AS_THE_URL_SAYS = Addresses()


@dataclass(frozen=True, slots=True)
class Sending:
    """A request made ready: everything that is the same whenever it is sent."""

    request: Request
    manner: Manner
    setopts: Setopts

    @classmethod
    def of(cls, request: Request, manner: Manner) -> "Sending":
        """Make a request ready."""
        return cls(request, manner, manner.setopts(request))


class Exchange(NamedTuple):
    """How one request went."""

    phases: dict[str, float]
    facts: dict[str, str | int | float | bool]
    trouble: Trouble | None
    answer: Answer | None
    location: bytes | None
    larger: bool = False
    certificate: Mapping[str, Any] | None = None


async def exchange(
    sending: Sending,
    handle: Handle,
    context: Context,
    *,
    addresses: Addresses,
    remaining_s: float,
    timeout_s: float,
    follow: bool,
) -> Exchange:
    """Send a request."""
    request = sending.request
    reception = Reception(sending.manner.taking, follow=follow)
    _prepare(handle, sending, reception, context.ca_file)
    if addresses is not AS_THE_URL_SAYS or sending.manner.server_name is not None:
        _lead(handle, sending, addresses)
    handle.setopt(pycurl.TIMEOUT_MS, max(1, math.ceil(remaining_s * 1000)))
    with gated(handle, context.guard) as gate:
        ended = await context.curl.perform(handle)
    refusal = gate.trouble(ended, redirected=request.redirected)
    done = _seen(handle, sending, reception, ended, timeout_s)
    return done if refusal is None else done._replace(trouble=refusal)


def _prepare(handle: Handle, sending: Sending, reception: Reception, ca_file: str) -> None:
    setopt = handle.setopt
    for option, value in sending.setopts:
        setopt(option, value)
    setopt(pycurl.HEADERFUNCTION, reception.header)
    setopt(pycurl.WRITEFUNCTION, reception.write)
    if sending.request.origin.secure and not sending.manner.own_ca:
        setopt(pycurl.CAINFO, ca_file)
    if sending.manner.proxy is not None:
        setopt(pycurl.PROXY_CAINFO, ca_file)


def _lead(handle: Handle, sending: Sending, addresses: Addresses) -> None:
    """Tell libcurl where to go, if that isn't what the URL says."""
    origin, proxy = sending.request.origin, sending.manner.proxy
    known = []
    if addresses.target:
        known.append(_known(origin.host, origin.port, addresses.target))
    if addresses.proxy and proxy is not None:
        known.append(_known(proxy.host, proxy.port, addresses.proxy))
    if known:
        handle.setopt(pycurl.RESOLVE, known)
        handle.setopt(pycurl.DNS_CACHE_TIMEOUT, _ADDRESSES_KEPT_S)
    by_address = bool(addresses.target) and (
        origin.literal or (proxy is not None and proxy.by_address)
    )
    if by_address or sending.manner.renames(sending.request):
        host = addresses.target[0] if by_address else origin.host
        handle.setopt(pycurl.CONNECT_TO, [f"::{bracketed(host)}:{origin.port}"])


def _known(host: str, port: int, addresses: Sequence[str]) -> str:
    return f"+{host}:{port}:" + ",".join(bracketed(address) for address in addresses)


def _seen(
    handle: Handle, sending: Sending, reception: Reception, ended: Ended, timeout_s: float
) -> Exchange:
    request = sending.request
    secure = request.origin.secure
    getinfo = handle.getinfo
    times = Times(
        looked_up=getinfo(pycurl.NAMELOOKUP_TIME_T),
        connected=getinfo(pycurl.CONNECT_TIME_T),
        secured=getinfo(pycurl.APPCONNECT_TIME_T) if secure else 0,
        first_byte=getinfo(pycurl.STARTTRANSFER_TIME_T),
        ended=getinfo(pycurl.TOTAL_TIME_T),
    )
    barred = None if sending.manner.proxy is None else _barred(handle, sending, ended)
    trouble = barred or _trouble(handle, request, reception, ended, times, timeout_s=timeout_s)
    status = reception.status
    certificate = _certificate(handle) if secure and times.secured else None
    facts = _facts(handle, status, reception.received)
    if sending.manner.proxy is not None and "ip" in facts:
        facts["proxy_ip"] = facts.pop("ip")
    if certificate is not None and status and "expires_at" in certificate:
        facts["certificate_expires_at"] = certificate["expires_at"]
    return Exchange(
        phases=phases_of(times, secure=secure) if barred is None else phases_until(times),
        facts=facts,
        trouble=trouble,
        answer=Answer(status, reception.head, reception.body) if status else None,
        location=reception.location if trouble is None else None,
        larger=reception.larger,
        certificate=certificate,
    )


def _barred(handle: Handle, sending: Sending, ended: Ended) -> Trouble | None:
    """Why the proxy didn't let us through, if there is one that didn't."""
    proxy, secure = sending.manner.proxy, sending.request.origin.secure
    if proxy is None:
        return None
    tunnelled = not proxy.tunnels and (secure or proxy.by_address)
    return proxy_trouble(proxy, handle, ended, tunnelled=tunnelled, secure=secure)


def _trouble(
    handle: Handle,
    request: Request,
    reception: Reception,
    ended: Ended,
    times: Times,
    *,
    timeout_s: float,
) -> Trouble | None:
    if ended.code == pycurl.E_OK:
        reception.finish()
    if reception.damage is not None:
        message = f"the answer of {request.origin.peer} is broken: {reception.damage}"
        return Trouble(Reason.PROTOCOL_ERROR, message)
    if ended.code == pycurl.E_OK or (ended.code == pycurl.E_WRITE_ERROR and reception.cut):
        return None
    verified = handle.getinfo(pycurl.SSL_VERIFYRESULT)
    return trouble_of(ended, times, request.origin, timeout_s=timeout_s, verify_result=verified)


def _facts(handle: Handle, status: int, size: int) -> dict[str, str | int | float | bool]:
    facts: dict[str, str | int | float | bool] = {}
    address = handle.getinfo(pycurl.PRIMARY_IP)
    if address:
        facts["ip"] = address
    if status:
        facts["status"] = status
        facts["http_version"] = _VERSIONS.get(handle.getinfo(pycurl.INFO_HTTP_VERSION), "?")
        facts["size"] = size
    return facts


def _certificate(handle: Handle) -> dict[str, Any] | None:
    chain = handle.getinfo_raw(pycurl.INFO_CERTINFO)
    verified = handle.getinfo(pycurl.SSL_VERIFYRESULT)
    return certificate_of(chain, now_s=time.time(), chain_valid=verified == 0)
