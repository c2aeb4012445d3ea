"""How durations, instants, recipients and foreign text are written for people."""

from datetime import datetime
from urllib.parse import urlsplit

from vedette.core.instants import to_datetime, to_ms

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
