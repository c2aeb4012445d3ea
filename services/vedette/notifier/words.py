"""How durations, instants, recipients and foreign text are written for people."""

import re
from datetime import datetime
from urllib.parse import unquote, urlsplit

from vedette.core.instants import to_datetime, to_ms

# Shorter parts of a URL are no secrets, and would be found in any text.
_SECRET_LENGTH = 8
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """The two largest units: `4 min 12 s`."""
    rest = int(seconds)
    if rest < 1:
        return "less than 1 s"
    parts: list[str] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part)


def milliseconds(value: float) -> str:
    """`12 ms`, and below that with a decimal."""
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def instant_ms(text: str) -> int:
    """Unix ms of an instant as events write it."""
    return to_ms(datetime.fromisoformat(text))


def instant(text: str) -> str:
    """`2026-01-31 14:03:07 UTC`."""
    return f"{to_datetime(instant_ms(text)):%Y-%m-%d %H:%M:%S} UTC"


def short_instant(text: str) -> str:
    """`31 Jan 14:03 UTC`."""
    at = to_datetime(instant_ms(text))
    return f"{at.day} {at:%b %H:%M} UTC"


def one_line(text: str, *, limit: int = 200) -> str:
    """Text from elsewhere made fit for a header, a row or a log: printable and short."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def masked(recipient: str) -> str:
    """A recipient that its owner recognises and nobody else can use."""
    if "://" in recipient:
        parts = urlsplit(recipient)
        return f"{parts.scheme}://{parts.hostname}/***"
    if "@" in recipient:
        user, _, host = recipient.rpartition("@")
        return f"{user[:1]}***@{host}"
    return f"{recipient[:3]}*****{recipient[-3:]}"


def without_quotes(text: str, recipient: str) -> str:
    """Text from elsewhere, with what it quotes of a recipient masked: all, or a URL's parts."""
    said = text.replace(recipient, masked(recipient))
    for part in _telling_parts(recipient):
        said = said.replace(part, "***")
    return said


def _telling_parts(recipient: str) -> list[str]:
    """What lets others use a URL that is a recipient, as it is written and as it is meant."""
    if "://" not in recipient:
        return []
    parts = urlsplit(recipient)
    local = f"{parts.path}?{parts.query}" if parts.query else parts.path
    pieces = [*re.split("[/?&=]", local), parts.username or "", parts.password or ""]
    written = [local, parts.path, *(one for one in pieces if len(one) >= _SECRET_LENGTH)]
    found = {form for one in written for form in (one, unquote(one)) if len(form) > 1}
    return sorted(found, key=len, reverse=True)
