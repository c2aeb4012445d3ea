"""One request and its answer, by libcurl, over a connection of its own."""

import math
import time
from dataclasses import dataclass, replace

import pycurl

from vedette.prober.context import Context
from vedette.prober.http.gate import gated
from vedette.prober.http.leading import AS_THE_URL_SAYS, Addresses, lead
from vedette.prober.http.overhearing import ByHook, Overhearing, overhearing
from vedette.prober.http.reception import Reception
from vedette.prober.http.seeing import Exchange, Transfer
from vedette.prober.http.sending import Sending
from vedette.prober.multi import Handle


@dataclass(slots=True)
class Terms:
    """Where a request is sent, and how long that may take."""

    addresses: Addresses
    until: float
    """The end of the check, by `time.perf_counter`."""
    timeout_s: float
    """What the whole check may take, for messages."""
    follow: bool
    """Whether redirects are followed."""
    connect_s: float | None = None
    """How long connecting may take, if there is another way to try."""

    @property
    def remaining_s(self) -> float:
        """What is left of the check's time."""
        return self.until - time.perf_counter()


async def exchange(sending: Sending, handle: Handle, context: Context, terms: Terms) -> Exchange:
    """Send a request."""
    reception = Reception(sending.manner.taking, follow=terms.follow, challenged=sending.opening)
    addresses, remaining_s = terms.addresses, terms.remaining_s
    _prepare(handle, sending, reception, context.ca_file)
    led = addresses is not AS_THE_URL_SAYS or sending.manner.server_name is not None
    if led:
        lead(handle, sending, addresses, remaining_s)
    handle.setopt(pycurl.TIMEOUT_MS, _ms(remaining_s))
    if terms.connect_s is not None:
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, _ms(terms.connect_s))
    overheard: Overhearing | None = None
    alike = None
    if sending.request.origin.secure:
        overheard = overhearing(sending.manner, context.curl, context.ca_file)
        overheard.begin(handle)
        if isinstance(overheard, ByHook):  # which sees to it that a context may be shared
            alike = sending.standing
    gate = gated(handle, context.guard, always=led and addresses.ipv4_first)
    performing = context.curl.perform(handle, alike)
    try:
        ended = await performing
    finally:
        context.curl.cease(handle, alike)
        if gate is not None:
            gate.end(handle)
        if overheard is not None:
            overheard.end(handle)
        if led:
            handle.unsetopt(pycurl.RESOLVE)
    done = Transfer(
        handle, sending, reception, overheard, ended, context.ca_file, terms.timeout_s
    ).exchange()
    if gate is None:
        return done
    refusal = gate.trouble(ended, redirected=sending.request.redirected)
    return done if refusal is None else replace(done, trouble=refusal)


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


def _ms(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1000))
