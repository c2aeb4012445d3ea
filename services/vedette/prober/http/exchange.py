"""One request and its answer, by libcurl, over a connection of its own."""

import math

import pycurl

from vedette.prober.context import Context
from vedette.prober.curl import Handle
from vedette.prober.http.gate import gated
from vedette.prober.http.leading import AS_THE_URL_SAYS, Addresses, lead
from vedette.prober.http.reception import Reception
from vedette.prober.http.remarks import Remarks
from vedette.prober.http.seeing import Exchange, Transfer
from vedette.prober.http.sending import Sending


async def exchange(
    sending: Sending,
    handle: Handle,
    context: Context,
    *,
    addresses: Addresses,
    remaining_s: float,
    timeout_s: float,
    follow: bool,
    connect_s: float | None = None,
) -> Exchange:
    """Send a request. `connect_s` is less than `remaining_s` if there is another way to try."""
    reception = Reception(sending.manner.taking, follow=follow)
    remarks = Remarks()
    _prepare(handle, sending, reception, remarks, context.ca_file)
    if addresses is not AS_THE_URL_SAYS or sending.manner.server_name is not None:
        lead(handle, sending, addresses, remaining_s)
    handle.setopt(pycurl.TIMEOUT_MS, _ms(remaining_s))
    if connect_s is not None:
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, _ms(connect_s))
    detour = addresses.last_family_first
    with gated(handle, context.guard, always=detour) as gate:
        ended = await context.curl.perform(handle)
    refusal = gate.trouble(ended, redirected=sending.request.redirected)
    done = Transfer(
        handle, sending, reception, remarks, ended, context.ca_file, timeout_s
    ).exchange()
    return done if refusal is None else done._replace(trouble=refusal)


def _prepare(
    handle: Handle, sending: Sending, reception: Reception, remarks: Remarks, ca_file: str
) -> None:
    setopt = handle.setopt
    for option, value in sending.setopts:
        setopt(option, value)
    setopt(pycurl.HEADERFUNCTION, reception.header)
    setopt(pycurl.WRITEFUNCTION, reception.write)
    if sending.request.origin.secure:
        setopt(pycurl.VERBOSE, 1)
        setopt(pycurl.DEBUGFUNCTION, remarks.hear)
        if not sending.manner.own_ca:
            setopt(pycurl.CAINFO, ca_file)
    if sending.manner.proxy is not None:
        setopt(pycurl.PROXY_CAINFO, ca_file)


def _ms(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1000))
