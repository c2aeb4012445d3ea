"""The dates of expiry in WHOIS answers: by a table, for a date that is guessed may be a wrong one.

A date alone is taken for its beginning, and a time without a zone for UTC, unless a registry is
known to tell its own time.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

EXPIRY_LABELS = frozenset({
    "registry expiry date",  # what ICANN prescribes, for generic domains
    "registrar registration expiration date",  # … to registrars
    "domain expiration date",
    "expiration date",  # co, kr, mx, rs, cl, sg
    "expiration time",  # cn
    "expiry date",  # fr, uk, hk
    "expiry",
    "expire date",  # it
    "expire-date",  # ir
    "expire",  # cz, ee, ar
    "expires",  # br, dk, fi, se, ua, lt
    "expires on",  # jp, tr, ro
    "paid-till",  # ru
    "renewal date",  # pl
    "valid until",  # sk
    "validity",  # il
    "exp date",  # th
    "record expires",  # tw
})  # fmt: skip
"""In lower case: what stands before a date of expiry."""

# Which is the day and which the month can be told from these, whoever writes them.
_ANYWHERE = (
    "%d-%b-%Y",  # 13-Aug-2027
    "%d-%b-%Y %H:%M:%S",
    "%d %b %Y",  # 07 Oct 2027
    "%d %B %Y",
    "%Y-%b-%d",  # 2027-Aug-22
    "%Y. %m. %d",  # 2027. 07. 11.
    "%Y.%m.%d",
    "%Y.%m.%d %H:%M:%S",  # 2027.09.18 13:00:00
    "%Y/%m/%d",  # 2027/05/31
    "%Y/%m/%d %H:%M:%S",
)
# … and from these only because it is known how these registries write.
_DAY_FIRST = {
    "cz": ("%d.%m.%Y", "%d.%m.%Y %H:%M:%S"),
    "fi": ("%d.%m.%Y", "%d.%m.%Y %H:%M:%S"),
    "hk": ("%d-%m-%Y",),
    "il": ("%d-%m-%Y",),
    "mk": ("%d.%m.%Y", "%d.%m.%Y %H:%M:%S"),
    "rs": ("%d.%m.%Y", "%d.%m.%Y %H:%M:%S"),
}
_HOURS_AHEAD = {"cn": 8, "hk": 8, "jp": 9, "kr": 9, "tw": 8}
_AN_OFFSET = re.compile(r"\s*\(UTC([+-]\d+)\)")
_A_ZONE = re.compile(r"\s*(?:UTC|GMT)$")
_A_REMARK = re.compile(r"\s*\((?:YYYY-MM-DD|JST)\)$", re.IGNORECASE)


class Unreadable(ValueError):
    """A date in none of the known formats."""


def moment(stated: str, tld: str) -> datetime:
    """The instant, in UTC, that a registry of a top-level domain has stated. Raises Unreadable."""
    text, ahead_h = _A_REMARK.sub("", stated.strip()), float(_HOURS_AHEAD.get(tld, 0))
    offset = _AN_OFFSET.search(text)
    if offset is not None:
        text, ahead_h = _AN_OFFSET.sub("", text), float(offset[1])
    elif _A_ZONE.search(text):
        text, ahead_h = _A_ZONE.sub("", text), 0.0
    at = _read(text.rstrip("."), tld)
    try:
        if at.tzinfo is None:
            at = at.replace(tzinfo=timezone(timedelta(hours=ahead_h)))
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(stated) from None


def _read(text: str, tld: str) -> datetime:
    try:
        return datetime.fromisoformat(text)  # also 20270909, and with an offset
    except ValueError:
        pass
    for form in (*_ANYWHERE, *_DAY_FIRST.get(tld, ())):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise Unreadable(text)
