"""What channels that speak HTTP have in common."""

import time
from email.utils import parsedate_to_datetime

import aiohttp

from vedette.core.version import __version__
from vedette.notifier.words import one_line, without_quotes

USER_AGENT = f"Vedette/{__version__}"
_READ_BYTES = 4096


def open_session() -> aiohttp.ClientSession:
    """A client for every provider. How much goes on at once is the dispatcher's business."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        # Each attempt has a time limit of its own.
        timeout=aiohttp.ClientTimeout(total=None),
        # Receivers are strangers to one another, and what they set is not ours to keep.
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
    )


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
