"""What libcurl tells of a transfer in words alone: the TLS that was agreed on, why QUIC failed."""

import re

import pycurl

_AGREED = b"SSL connection using "
# libcurl says some seventy lines of a transfer over TLS.
_OF_USE = (b"SSL", b" SSL", b"  SSL", b"sendmsg", b"QUIC")
_COMPLAINT = re.compile(rb"SSL: (.+)|SSL certificate OpenSSL verify result: (.+?)(?: \(\d+\))?$")
_FAILED = re.compile(rb"(?:QUIC: )?(?:send|recv)\w*\(\).{0,80}?errno[ =](\d+)")
_REFUSED = re.compile(rb"QUIC: connection to .+ refused")


class Remarks:
    """libcurl's debug callback, which keeps what is of use."""

    __slots__ = ("agreed", "complaint", "os_errno", "refused")

    def __init__(self) -> None:
        self.agreed: list[tuple[str, str]] = []
        """Version and cipher of each handshake, a proxy's before the target's."""
        self.complaint = ""
        """What is wrong with a certificate."""
        self.os_errno = 0
        """The system's error when a datagram could not be sent or received."""
        self.refused = False
        """Whether the system has heard that nobody listens on a UDP port."""

    def hear(self, kind: int, said: bytes) -> None:
        """A line of libcurl's, or some of the bytes that came or went."""
        if kind != pycurl.INFOTYPE_TEXT or not said.startswith(_OF_USE):
            return
        if said.startswith(_AGREED):
            version, _, rest = said[len(_AGREED) :].decode().partition(" / ")
            self.agreed.append((version, rest.partition(" / ")[0].strip()))
        elif found := _COMPLAINT.match(said.strip()):
            self.complaint = (found[1] or found[2]).decode(errors="replace")
        elif found := _FAILED.match(said):
            self.os_errno = int(found[1])
        elif _REFUSED.match(said):
            self.refused = True
