"""Who may see the status screen: whoever sits at this machine, else whoever has the API key."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from ipaddress import IPv6Address, ip_address
from uuid import UUID

from aiohttp import web

from vedette.gateway.context import GATEWAY
from vedette.gateway.problems import Problem, unavailable
from vedette.gateway.store import keys
from vedette.store.pool import connection

_LOCAL_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
# Signs that somebody else's request was passed on to us by a proxy.
_FORWARDED = re.compile(r"forwarded|x-forwarded-.*|x-real-ip|via", re.IGNORECASE)


async def workspace_of(request: web.Request) -> UUID:
    """The workspace to show. Raises Problem when the key is missing or wrong."""
    gateway = request.app[GATEWAY]
    key = _password(request.headers.get("Authorization", ""))
    if key is not None:
        caller = await gateway.keys.caller(key)
        if caller is not None:
            await gateway.limiter.admit(caller.key)
            return caller.workspace
    elif gateway.settings.public_url is None and _is_local(request):
        return await _first_workspace(request)
    raise Problem(
        401,
        "sign in with any user name, and an API key as the password",
        kind="key",
        headers={"WWW-Authenticate": 'Basic realm="Vedette", charset="UTF-8"'},
    )


async def _first_workspace(request: web.Request) -> UUID:
    async with connection(request.app[GATEWAY].pool) as db:
        found = await keys.first_workspace(db)
    if found is None:
        raise unavailable()
    return found


def _password(authorization: str) -> str | None:
    """The password of HTTP Basic; None if nothing of the kind was sent."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(encoded, validate=True).decode().partition(":")[2]
    except (NotBase64, ValueError):
        return ""


def _is_local(request: web.Request) -> bool:
    # The peer alone proves nothing: a proxy here passes on strangers, and a page on the web can
    # give a name of its own to 127.0.0.1.
    return (
        _is_loopback(request.remote)
        and _LOCAL_HOST.fullmatch(request.host) is not None
        and not any(_FORWARDED.fullmatch(name) for name in request.headers)
    )


def _is_loopback(address: str | None) -> bool:
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped.is_loopback
    return found.is_loopback
