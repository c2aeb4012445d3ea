"""Registrable domains: what of a host name somebody has registered at a registry.

The Public Suffix List says where registries take registrations: under `com`, under `co.uk`. Of the
list, the part of the registries counts alone: under `github.io` nobody registers anything.
"""

from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import idna
from publicsuffixlist import PublicSuffixList

_MOST_CHARACTERS = 253


def registrable(host: str) -> str | None:
    """The registrable domain of a host name, in ASCII and lower case; None if it has none."""
    found = _suffixes().privatesuffix(host.lower().removesuffix("."))
    if found is None:
        return None
    try:
        name = idna.encode(found, uts46=True).decode()
    except idna.IDNAError:
        return None
    return name if len(name) <= _MOST_CHARACTERS else None


def domain_of(text: str) -> str | None:
    """The registrable domain of a URL, `host:port` or host name; None if it has none."""
    host = _host_in(text)
    return registrable(host) if host else None


def check_registrable(text: str) -> str:
    """Check that a text is a registrable domain; it is returned in ASCII and lower case.

    Raises ValueError, which says what to give instead, if that can be told.
    """
    host = _host_in(text)
    found = registrable(host) if host else None
    if found is not None and _same(text, found):
        return found
    if found is not None:
        raise ValueError(f"{text!r} is not itself a registered domain: did you mean {found}?")
    if _is_address(host):
        raise ValueError(f"{text!r} is an address: only names are registered as domains")
    if host and _suffixes().publicsuffix(host) == host:
        raise ValueError(f"{text!r} is not a domain, but what domains are registered under")
    raise ValueError(f"{text!r} is not a domain that a registry knows, such as example.org")


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


def _host_in(text: str) -> str:
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    return host.removesuffix(".")


def _same(text: str, found: str) -> bool:
    written = text.lower().removesuffix(".")
    if written == found:
        return True
    try:
        return idna.encode(written, uts46=True).decode() == found
    except idna.IDNAError:
        return False


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False
