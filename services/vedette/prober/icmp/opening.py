"""Opening sockets for ICMP on Linux: ping sockets where they are allowed, else raw ones.

A ping socket gets the replies to its own requests alone, and complaints through its error queue.
A raw socket gets every ICMP message of the host; filters leave those that may be for us.
"""

import ctypes
import errno
import os
import socket
import struct

from vedette.prober.icmp.packets import V4, Version

# Constants of Linux that Python has no name for.
IP_RECVERR = 11
IPV6_RECVERR = 25
SO_TIMESTAMPNS = 35
_IP_RECVTTL = 12
_IP_MTU_DISCOVER = 10
_IP_PMTUDISC_DONT = 0
_SOL_RAW = 255
_TYPES = 1
_SO_RCVBUFFORCE = 33
_SO_ATTACH_FILTER = 26

_BUFFER_BYTES = 1 << 20
_NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT})
_HOW_TO_ALLOW = (
    "the prober is not allowed to ping: let the sysctl net.ipv4.ping_group_range include its"
    " group, or give it the capability CAP_NET_RAW"
)


class Unopened(Exception):
    """There is no socket to be had; the message says why."""


class NotAllowed(Unopened):
    """The system doesn't let the prober; the message says what to allow."""


def opened(version: Version, identifier: int) -> tuple[socket.socket, bool]:
    """A socket made ready, and whether it is a raw one. Raises Unopened.

    A raw one gets no replies but those with the identifier.
    """
    family = socket.AF_INET if version is V4 else socket.AF_INET6
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            made = socket.socket(family, kind | socket.SOCK_NONBLOCK, version.protocol)
        except OSError as error:
            if error.errno in _NOT_ALLOWED:
                continue
            raise _unopened(version, error) from error
        raw = kind == socket.SOCK_RAW
        try:
            _set_options(made, version)
            if raw:
                _let_types_pass(made, version)
                _let_replies_pass(made, version, identifier)
            else:
                _queue_complaints(made, version)
        except OSError as error:
            made.close()
            raise _unopened(version, error) from error
        return made, raw
    raise NotAllowed(_HOW_TO_ALLOW)


def _unopened(version: Version, error: OSError) -> Unopened:
    if error.errno == errno.EAFNOSUPPORT:
        return Unopened(f"the prober has no IPv{version.ip}")
    why = os.strerror(error.errno or 0)
    return Unopened(f"the prober got no socket for ICMP over IPv{version.ip}: {why}")


def _set_options(made: socket.socket, version: Version) -> None:
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
    except PermissionError:  # then as much as the system gives everybody
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    made.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    if version is V4:
        made.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
        # Large packets go out in fragments.
        made.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DONT)
    else:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)


def _queue_complaints(made: socket.socket, version: Version) -> None:
    if version is V4:
        made.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    else:
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)


def _let_types_pass(made: socket.socket, version: Version) -> None:
    """Block every type of message but those we look at."""
    passing = sum(1 << kind for kind in (version.reply, *version.complaints))
    blocked = [~passing >> shift & 0xFFFF_FFFF for shift in range(0, 256, 32)]
    if version is V4:
        made.setsockopt(_SOL_RAW, _TYPES, struct.pack("=I", blocked[0]))
    else:
        made.setsockopt(socket.IPPROTO_ICMPV6, _TYPES, struct.pack("=8I", *blocked))


def _let_replies_pass(made: socket.socket, version: Version, identifier: int) -> None:
    """Block replies to others, which would fill our buffer (a classic BPF program)."""
    if version is V4:  # behind an IP header of any length
        begin, byte, half = [(0xB1, 0, 0, 0)], 0x50, 0x48
    else:
        begin, byte, half = [], 0x30, 0x28
    program = [
        *begin,
        (byte, 0, 0, 0),  # the type
        (0x15, 0, 2, version.reply),  # not a reply: it passes
        (half, 0, 0, 4),  # the identifier
        (0x15, 0, 1, identifier),
        (0x06, 0, 0, 0xFFFF_FFFF),  # passes
        (0x06, 0, 0, 0),  # is blocked
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    described = struct.pack("@HP", len(program), ctypes.addressof(code))
    made.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
