"""One request and its answer, by libcurl, over a connection of its own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import pycurl

from vedette.prober.answer import Answer
from vedette.prober.context import Context
from vedette.prober.curl import Ended, Handle
from vedette.prober.domain import Trouble
from vedette.prober.http.phases import Times, phases_of
from vedette.prober.http.reception import Reception
from vedette.prober.http.request import Request
from vedette.prober.http.troubles import trouble_of

_VERSIONS = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
    pycurl.CURL_HTTP_VERSION_3: "3",
}
_ALWAYS = (
    (pycurl.NOSIGNAL, 1),
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.PROXY, ""),  # the environment's would change what is checked
    (pycurl.FRESH_CONNECT, 1),
    (pycurl.FORBID_REUSE, 1),
    (pycurl.ACCEPT_ENCODING, ""),
    (pycurl.COOKIEFILE, ""),  # keeps cookies, starting without any
)
# The addresses we hand over are those of this moment and no later one.
_ADDRESSES_KEPT_S = 1


@dataclass(frozen=True, slots=True)
class Exchange:
    """How one request went."""

    phases: dict[str, float]
    facts: dict[str, str | int]
    trouble: Trouble | None
    answer: Answer | None
    location: bytes | None


async def exchange(
    request: Request,
    handle: Handle,
    context: Context,
    *,
    addresses: Sequence[str],
    remaining_s: float,
    timeout_s: float,
    follow: bool,
) -> Exchange:
    """Send a request. `addresses` are those of its host, none if the host is one itself."""
    reception = Reception(follow=follow)
    _prepare(handle, request, reception, context.ca_file)
    if addresses:
        _hand_over(handle, request, addresses)
    handle.setopt(pycurl.TIMEOUT_MS, max(1, math.ceil(remaining_s * 1000)))
    ended = await context.curl.perform(handle)
    return _seen(handle, request, reception, ended, timeout_s)


def _prepare(handle: Handle, request: Request, reception: Reception, ca_file: str) -> None:
    setopt = handle.setopt
    for option, value in _ALWAYS:
        setopt(option, value)
    setopt(pycurl.URL, request.url)
    setopt(pycurl.HTTPHEADER, request.lines())
    setopt(pycurl.HEADERFUNCTION, reception.header)
    setopt(pycurl.WRITEFUNCTION, reception.write)
    if request.cookie is not None:
        setopt(pycurl.COOKIE, request.cookie)
    if request.origin.secure:
        setopt(pycurl.CAINFO, ca_file)
        setopt(pycurl.OPT_CERTINFO, 1)
        # A resumed session would not show the certificate, and an expired one would pass.
        setopt(pycurl.SSL_SESSIONID_CACHE, 0)
    _set_method(handle, request)


def _set_method(handle: Handle, request: Request) -> None:
    if request.method == "HEAD":
        handle.setopt(pycurl.NOBODY, 1)
    elif request.method != "GET" or request.body is not None:
        if request.body is not None or request.method == "POST":
            handle.setopt(pycurl.POSTFIELDS, request.body or b"")
        handle.setopt(pycurl.CUSTOMREQUEST, request.method)


def _hand_over(handle: Handle, request: Request, addresses: Sequence[str]) -> None:
    listed = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
    origin = request.origin
    handle.setopt(pycurl.RESOLVE, [f"+{origin.host}:{origin.port}:{listed}"])
    handle.setopt(pycurl.DNS_CACHE_TIMEOUT, _ADDRESSES_KEPT_S)


def _seen(
    handle: Handle, request: Request, reception: Reception, ended: Ended, timeout_s: float
) -> Exchange:
    times = Times(
        looked_up=handle.getinfo(pycurl.NAMELOOKUP_TIME_T),
        connected=handle.getinfo(pycurl.CONNECT_TIME_T),
        secured=handle.getinfo(pycurl.APPCONNECT_TIME_T),
        first_byte=handle.getinfo(pycurl.STARTTRANSFER_TIME_T),
        ended=handle.getinfo(pycurl.TOTAL_TIME_T),
    )
    trouble = None
    if ended.code != pycurl.E_OK and not (ended.code == pycurl.E_WRITE_ERROR and reception.cut):
        verified = handle.getinfo(pycurl.SSL_VERIFYRESULT)
        trouble = trouble_of(
            ended, times, request.origin, timeout_s=timeout_s, verify_result=verified
        )
    status = handle.getinfo(pycurl.RESPONSE_CODE)
    return Exchange(
        phases=phases_of(times, secure=request.origin.secure),
        facts=_facts(handle, request, status),
        trouble=trouble,
        answer=Answer(status, reception.head, reception.body) if status else None,
        location=reception.location if trouble is None else None,
    )


def _facts(handle: Handle, request: Request, status: int) -> dict[str, str | int]:
    facts: dict[str, str | int] = {}
    address = handle.getinfo(pycurl.PRIMARY_IP)
    if address:
        facts["ip"] = address
    if status:
        facts["status"] = status
        facts["http_version"] = _VERSIONS.get(handle.getinfo(pycurl.INFO_HTTP_VERSION), "?")
        facts["size"] = handle.getinfo(pycurl.SIZE_DOWNLOAD_T)
        if request.origin.secure:
            expires = _expiry(handle)
            if expires is not None:
                facts["certificate_expires_at"] = expires
    return facts


def _expiry(handle: Handle) -> str | None:
    """When the target's own certificate expires."""
    chain = handle.getinfo_raw(pycurl.INFO_CERTINFO)
    fields = chain[0] if chain else ()
    stated = next((value for name, value in fields if name == b"Expire date"), None)
    return None if stated is None else _iso(stated.decode("latin-1"))


@lru_cache(maxsize=4096)
def _iso(stated: str) -> str | None:
    try:
        at = datetime.strptime(stated, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    except ValueError:  # a year beyond 9999, say
        return None
    return at.isoformat().replace("+00:00", "Z")
