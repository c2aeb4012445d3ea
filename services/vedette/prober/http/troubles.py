"""What libcurl's errors mean: whose fault, which reason, in which words. Pure."""

import errno
import os

import pycurl

from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble
from vedette.prober.http.origin import Origin
from vedette.prober.http.phases import Times
from vedette.prober.multi import Ended

# Codes that pycurl has no name for.
_HTTP2_STREAM = 92
_SSL_CLIENTCERT = 98
_TOO_LARGE = 100

_RESET = frozenset({errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE})
_CONNECT = {
    errno.ECONNREFUSED: Reason.CONNECT_REFUSED,
    errno.EHOSTUNREACH: Reason.CONNECT_UNREACHABLE,
    errno.ENETUNREACH: Reason.CONNECT_UNREACHABLE,
    errno.ETIMEDOUT: Reason.CONNECT_TIMEOUT,
    **dict.fromkeys(_RESET, Reason.CONNECT_RESET),
}
# What OpenSSL says of a certificate (X509_V_ERR_*). Without a complaint of OpenSSL's (0, or 1
# as libcurl initialises it), it was libcurl that compared the names.
_VERIFY = {
    0: (Reason.TLS_HOSTNAME, "is for another host name"),
    1: (Reason.TLS_HOSTNAME, "is for another host name"),
    62: (Reason.TLS_HOSTNAME, "is for another host name"),
    64: (Reason.TLS_HOSTNAME, "is for another address"),
    9: (Reason.TLS_NOT_YET_VALID, "is not valid yet"),
    10: (Reason.TLS_EXPIRED, "has expired"),
    18: (Reason.TLS_SELF_SIGNED, "is self-signed"),
    19: (Reason.TLS_SELF_SIGNED, "has a self-signed, untrusted root"),
}
_HANDSHAKE = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_INVALIDCERTSTATUS,
        pycurl.E_USE_SSL_FAILED,
        _SSL_CLIENTCERT,
    }
)
_READING = frozenset({pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR})
_ALERT = "tlsv13 alert"
_PROTOCOL = frozenset(
    {
        pycurl.E_UNSUPPORTED_PROTOCOL,  # not HTTP, or an unknown version of it
        pycurl.E_FTP_WEIRD_SERVER_REPLY,  # HTTP servers may be weird too
        pycurl.E_HTTP2,
        pycurl.E_PARTIAL_FILE,
        pycurl.E_BAD_CONTENT_ENCODING,
        pycurl.E_RECV_ERROR,
        pycurl.E_SEND_ERROR,
        _HTTP2_STREAM,
        _TOO_LARGE,
    }
)


def trouble_of(
    ended: Ended, times: Times, origin: Origin, *, timeout_s: float, verify_result: int
) -> Trouble:
    """The trouble behind a transfer that failed."""
    peer = origin.peer
    if ended.code == pycurl.E_OPERATION_TIMEDOUT:
        return _timeout(times, origin, timeout_s)
    if ended.code == pycurl.E_COULDNT_CONNECT:
        return _not_connected(ended, peer, timeout_s)
    # Until it is connected, the error may be one of an address that was tried in vain.
    if times.connected and ended.os_errno in _RESET:
        return Trouble(Reason.CONNECT_RESET, f"{peer} reset the connection {_stage(times, origin)}")
    if ended.code == pycurl.E_PEER_FAILED_VERIFICATION:
        return _untrusted(ended, peer, verify_result)
    return _by_code(ended, peer)


def _by_code(ended: Ended, peer: str) -> Trouble:
    # In TLS 1.3, a server looks at our certificate when for us the handshake is already over.
    if ended.code in _HANDSHAKE or (ended.code in _READING and _ALERT in ended.message):
        return Trouble(Reason.TLS_HANDSHAKE, f"TLS handshake with {peer} failed: {ended.message}")
    if ended.code == pycurl.E_GOT_NOTHING:
        return Trouble(Reason.PROTOCOL_ERROR, f"{peer} closed the connection without an answer")
    if ended.code in _PROTOCOL:
        what = ended.message or "headers larger than allowed"
        return Trouble(Reason.PROTOCOL_ERROR, f"the answer of {peer} is not valid HTTP: {what}")
    what = ended.message or pycurl.easy_strerror(ended.code)
    return Trouble(Reason.INTERNAL_ERROR, f"the prober failed: {what} (libcurl {ended.code})")


def _timeout(times: Times, origin: Origin, timeout_s: float) -> Trouble:
    if not times.connected:
        message = f"connect to {origin.peer} timed out after {timeout_s:g} s"
        return Trouble(Reason.CONNECT_TIMEOUT, message)
    stage = _stage(times, origin)
    return Trouble(Reason.TIMEOUT, f"{origin.peer} took longer than {timeout_s:g} s {stage}")


def _not_connected(ended: Ended, peer: str, timeout_s: float) -> Trouble:
    reason = _CONNECT.get(ended.os_errno, Reason.INTERNAL_ERROR)
    match reason:
        case Reason.CONNECT_REFUSED:
            return Trouble(reason, f"connect to {peer} refused")
        case Reason.CONNECT_TIMEOUT:
            return Trouble(reason, f"connect to {peer} timed out after {timeout_s:g} s")
        case Reason.INTERNAL_ERROR:
            why = os.strerror(ended.os_errno) if ended.os_errno else ended.message
            return Trouble(reason, f"the prober could not connect to {peer}: {why}")
    return Trouble(reason, f"connect to {peer} failed: {os.strerror(ended.os_errno)}")


def _untrusted(ended: Ended, peer: str, verify_result: int) -> Trouble:
    reason, words = _VERIFY.get(verify_result, (Reason.TLS_UNTRUSTED, "is not trusted"))
    detail = "" if reason in {Reason.TLS_EXPIRED, Reason.TLS_NOT_YET_VALID} else ended.message
    return Trouble(reason, f"the certificate of {peer} {words}" + (f": {detail}" if detail else ""))


def _stage(times: Times, origin: Origin) -> str:
    if origin.secure and not times.secured:
        return "in the TLS handshake"
    return "in the middle of its answer" if times.first_byte else "before it answered"
