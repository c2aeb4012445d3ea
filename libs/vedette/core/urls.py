"""Secrets within URLs: passwords, and tokens in the query. Texts stay as they were written.

A URL is a text with a scheme, or one that begins with a slash, as a redirect may have it.
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote, unquote_plus

from vedette.core.naming import names_secret

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://|//|(?=/))(?:(?P<login>[^/?#]*)@)?(?P<place>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?(?P<fragment>#.*)?",
    re.DOTALL,
)
_FIELD = re.compile(r"(?P<name>[^&;=]*)=(?P<value>[^&;]*)")


def bare(url: str) -> str:
    """A URL without its user name, password, query and fragment; other text as it is."""
    parts = _URL.fullmatch(url)
    return parts["scheme"] + parts["place"] if parts else url


def carries(url: str) -> bool:
    """Whether a text is a URL with a login or a query, which may hold a secret."""
    parts = _URL.fullmatch(url)
    return parts is not None and (parts["login"] is not None or bool(parts["query"]))


def replaced(url: str, replace: Callable[[str, str], str]) -> str:
    """The URL, each secret in it replaced by what `replace(name, secret)` gives.

    Secrets are the password (or a user name without one, which then is the secret), named
    "@", and each value in the query whose name says so. Other text stays as it is.
    """
    parts = _URL.fullmatch(url)
    if parts is None:
        return url
    text: str = parts["scheme"]
    if parts["login"] is not None:
        text += _login(parts["login"], replace) + "@"
    text += parts["place"]
    if parts["query"] is not None:
        text += "?" + _FIELD.sub(lambda field: _field(field, replace), parts["query"])
    return text + (parts["fragment"] or "")


def secrets_in(url: str) -> Iterator[str]:
    """The secrets of a URL, as they stand there and as they are meant."""
    found: list[str] = []

    def note(_name: str, secret: str) -> str:
        found.append(secret)
        return secret

    replaced(url, note)
    for secret in found:
        yield from {secret, unquote(secret), unquote_plus(secret)}


def login_of(url: str) -> tuple[str, str] | None:
    """The user name and password in a URL, decoded, if it has any."""
    parts = _URL.fullmatch(url)
    if parts is None or parts["login"] is None:
        return None
    user, _, password = parts["login"].partition(":")
    return unquote(user), unquote(password)


def _login(login: str, replace: Callable[[str, str], str]) -> str:
    user, colon, password = login.partition(":")
    if password:
        return f"{user}:{replace('@', password)}"
    return (replace("@", user) if user else "") + colon


def _field(field: re.Match[str], replace: Callable[[str, str], str]) -> str:
    name, value = field["name"], field["value"]
    if not value or not names_secret(unquote_plus(name)):
        return field[0]
    return f"{name}={replace(name, value)}"
