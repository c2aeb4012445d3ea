"""RDAP: a domain as its registry's service tells of it (RFC 9082, RFC 9083)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from vedette.core.registrable import registrable
from vedette.prober.context import Context
from vedette.prober.registration.fetching import Document, fetch
from vedette.prober.registration.registration import (
    Registration,
    normal_hosts,
    normal_statuses,
)
from vedette.prober.registration.unanswered import Unanswered

_MEDIA_TYPE = "application/rdap+json"
_TOO_OFTEN = frozenset({429, 503})


async def ask(context: Context, service: str, domain: str, within_s: float) -> Registration:
    """Ask a service for a domain. Raises Unanswered."""
    url = f"{service}domain/{domain}"
    document = await fetch(context, url, accept=_MEDIA_TYPE, within_s=within_s)
    source = f"RDAP {service}"
    if document.status == 404:  # that is how "not registered" is said (RFC 7480, section 5.3)
        return Registration(domain, source, exists=False)
    if document.status in _TOO_OFTEN:
        words = "does not answer so often, or not now"
        raise _unread(url, document, words).not_before(document.wait_s())
    if document.status != 200:
        raise _unread(url, document, "gave no answer")
    if document.content is None or document.content.get("objectClassName") != "domain":
        raise _unread(url, document, "did not answer with a domain in RDAP's JSON")
    return _registration(domain, source, url, document.content)


def _unread(url: str, document: Document, words: str) -> Unanswered:
    saw = f"HTTP status {document.status}, {document.beginning!r}"
    return Unanswered(f"the RDAP service at {url} {words}: {saw}")


def _registration(domain: str, source: str, url: str, said: Mapping[str, Any]) -> Registration:
    about = said.get("ldhName") or said.get("unicodeName")
    if isinstance(about, str) and registrable(about) != domain:
        raise Unanswered(f"the RDAP service at {url} answered about another domain, {about[:80]!r}")
    return Registration(
        domain,
        source,
        expires_at=_expiry(url, said),
        registrar=_registrar(said),
        statuses=normal_statuses(s for s in _list(said, "status") if isinstance(s, str)),
        nameservers=normal_hosts(
            str(one.get("ldhName", "")) for one in _objects(said, "nameservers")
        ),
    )


def _expiry(url: str, said: Mapping[str, Any]) -> datetime | None:
    """The registry's date; RFC 3339, which has an offset."""
    dates = [
        event.get("eventDate")
        for event in _objects(said, "events")
        if event.get("eventAction") == "expiration"
    ]
    if not dates:
        return None
    try:
        at = datetime.fromisoformat(str(dates[0]))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    words = f"gave a date of expiry that can't be read: {str(dates[0])[:80]!r}"
    raise Unanswered(f"the RDAP service at {url} {words}")


def _registrar(said: Mapping[str, Any]) -> str | None:
    for entity in _objects(said, "entities"):
        if "registrar" in _list(entity, "roles"):
            return _name(entity) or _text(entity.get("handle"))
    return None


def _name(entity: Mapping[str, Any]) -> str | None:
    """The `fn` of a jCard (RFC 7095): `["vcard", [["fn", {}, "text", "A name"], …]]`."""
    match entity.get("vcardArray"):
        case ["vcard", list(properties)]:
            for one in properties:
                match one:
                    case ["fn", _, _, str(name)] if name.strip():
                        return name.strip()[:200]
    return None


def _text(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value else None


def _list(said: Mapping[str, Any], key: str) -> list[Any]:
    value = said.get(key)
    return value if isinstance(value, list) else []


def _objects(said: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    return (one for one in _list(said, key) if isinstance(one, dict))
