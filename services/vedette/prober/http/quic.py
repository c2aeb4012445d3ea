"""Why no QUIC connection came about, told as libcurl would tell it of TCP."""

import errno

import pycurl

from vedette.prober.http.remarks import Remarks
from vedette.prober.multi import Ended

_CLOSED = "it ended the QUIC handshake, as servers do that do not offer HTTP/3 (h3)"
_QUIC_CONNECT_ERROR = 96  # pycurl has no name for it
_ENDED_BY_IT = frozenset(
    {
        pycurl.E_COULDNT_CONNECT,
        pycurl.E_RECV_ERROR,
        pycurl.E_FTP_WEIRD_SERVER_REPLY,
        _QUIC_CONNECT_ERROR,
    }
)


def unconnected(ended: Ended, remarks: Remarks) -> Ended:
    """The end of a transfer that had no connection yet, by its real cause."""
    if ended.code == pycurl.E_PEER_FAILED_VERIFICATION:
        return Ended(ended.code, remarks.complaint)
    if ended.code == pycurl.E_OPERATION_TIMEDOUT:
        return ended
    failed = errno.ECONNREFUSED if remarks.refused else remarks.os_errno or ended.os_errno
    if failed:
        return Ended(pycurl.E_COULDNT_CONNECT, ended.message, failed)
    if ended.code in _ENDED_BY_IT:
        return Ended(pycurl.E_SSL_CONNECT_ERROR, _CLOSED)
    return ended
