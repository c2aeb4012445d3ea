"""The RDAP services by the suffixes they are for: the list that IANA keeps (RFC 9224)."""

from collections.abc import Mapping
from typing import Any

from vedette.prober.context import Context
from vedette.prober.registration.fetching import fetch
from vedette.prober.registration.unanswered import Unanswered


async def services(context: Context, url: str, within_s: float) -> Mapping[str, str]:
    """The base URL of the service for each suffix, ending in a slash. Raises Unanswered."""
    document = await fetch(context, url, accept="application/json", within_s=within_s)
    found = _services(document.content) if document.content is not None else {}
    if document.status != 200 or not found:
        raise Unanswered(
            f"the list of RDAP services, {url}, can't be read: it answered with HTTP status"
            f" {document.status}, {document.beginning!r}"
        )
    return found


def service_of(services: Mapping[str, str], domain: str) -> str | None:
    """The service for a domain: that of the longest suffix; None if there is none."""
    labels = domain.split(".")
    suffixes = (".".join(labels[at:]) for at in range(len(labels)))
    return next((services[suffix] for suffix in suffixes if suffix in services), None)


def _services(content: Mapping[str, Any]) -> dict[str, str]:
    """Each suffix and its service. An entry that is none is passed over."""
    found: dict[str, str] = {}
    entries = content.get("services")
    for entry in entries if isinstance(entries, list) else []:
        match entry:
            case [list(suffixes), list(urls)]:
                best = _best([url for url in urls if isinstance(url, str)])
                if best is not None:
                    found |= {str(suffix).lower(): best for suffix in suffixes}
    return found


def _best(urls: list[str]) -> str | None:
    """The first with TLS, else the first."""
    secure = [url for url in urls if url.startswith("https://")]
    first = next(iter(secure or urls), None)
    return None if first is None else first.rstrip("/") + "/"
