"""What channels that speak HTTP have in common."""

import errno
import socket
import time
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp.connector import AddrInfoType, SocketFactoryType

from vedette.core.addresses import AddressPolicy
from vedette.core.version import __version__
from vedette.notifier.words import one_line, without_quotes

USER_AGENT = f"Vedette/{__version__}"
OPEN = AddressPolicy()
_READ_BYTES = 4096


def open_session(policy: AddressPolicy = OPEN) -> aiohttp.ClientSession:
    """A client for every provider. How much goes on at once is the dispatcher's business."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, socket_factory=guarded(policy)),
        # Each attempt has a time limit of its own.
        timeout=aiohttp.ClientTimeout(total=None),
        # Receivers are strangers to one another, and what they set is not ours to keep.
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
    )


def guarded(policy: AddressPolicy) -> SocketFactoryType:
    """Sockets to what the policy allows, whatever name led there; for others it raises OSError."""

    def open_socket(address: AddrInfoType) -> socket.socket:
        family, type, protocol, _, (ip, *_) = address
        if (rule := policy.rule_against(str(ip))) is not None:
            words = (
                f"nothing may be sent to {ip} from here: VEDETTE_NOTIFIER_FORBIDDEN names"
                f" {rule.said}; VEDETTE_NOTIFIER_ALLOWED makes exceptions"
            )
            raise PermissionError(errno.EACCES, words)
        return socket.socket(family, type, protocol)

    return open_socket


def retry_after_s(response: aiohttp.ClientResponse) -> float:
    """The Retry-After header in seconds; 0 without a usable one."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


async def excerpt(response: aiohttp.ClientResponse, recipient: str) -> str:
    """The start of the answer, for an operator, without what it quotes of the recipient."""
    body = await response.content.read(_READ_BYTES)
    # Before it is cut: half a secret would not be known again.
    return one_line(without_quotes(body.decode(errors="replace"), recipient))


def unreachable(who: str, error: aiohttp.ClientError | OSError) -> str:
    """An error in words."""
    return f"{who} can't be reached: {error or type(error).__name__}"
