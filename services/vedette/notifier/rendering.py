"""The forms a message takes: mail (text and HTML) and text message."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from vedette.core.events import (
    Cause,
    CertificateExpiring,
    ChannelTest,
    DomainExpiring,
    Event,
    IncidentOpened,
    IncidentReminded,
    IncidentResolved,
    NotificationDigest,
    RegionRecovered,
    RegionUnhealthy,
)
from vedette.notifier.digests import NAMED, in_short, word_of
from vedette.notifier.story import outage_s, tell, what_ends, when, why
from vedette.notifier.voting import regions_in_short
from vedette.notifier.words import duration, one_line, short_instant

SMS_LENGTH = 160
_SMS_NAME = 40
_SMS_DIGEST_NAME = 20
_SMS_TARGET_AT_LEAST = 12

# ASCII that costs two places in GSM-7, or has none there, and what stands in for it.
_GSM = str.maketrans("[]{}\\^~|`", "()()/ -/'")

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail's text, twice."""

    subject: str
    text: str
    html: str


def mail(event: Event, *, at_ms: int, public_url: str | None) -> Mail:
    """An event as mail, sent at `at_ms`."""
    story = tell(event, at_ms=at_ms, public_url=public_url)
    return Mail(
        subject=story.subject,
        text=_templates.get_template("message.txt").render(story=story),
        html=_templates.get_template("message.html").render(story=story),
    )


def text_message(event: Event, *, reference: str) -> str:
    """An event in 160 characters that every phone has, always the same for the same event."""
    match event.payload():
        case IncidentOpened(incident=incident, monitor=monitor):
            word, name, target = "DOWN", monitor.name, monitor.target
            rest = f" since {short_instant(incident.since)}: {_why(incident.cause)}"
        case IncidentReminded(incident=incident, monitor=monitor, down_s=seconds):
            word, name, target = "STILL DOWN", monitor.name, monitor.target
            rest = f" for {duration(seconds)}: {_why(incident.cause)}"
        case IncidentResolved(incident=incident, monitor=monitor):
            name, target = monitor.name, monitor.target
            word, rest = "UP", _lasted(outage_s(incident))
            if incident.resolution in {"paused", "deleted"}:
                word, rest = incident.resolution.upper(), " while down; a recovery was not seen"
        case CertificateExpiring(monitor=monitor) | DomainExpiring(monitor=monitor) as ending:
            word, name, target = "EXPIRING", monitor.name, monitor.target
            at = short_instant(ending.expires_at)
            rest = f": {what_ends(ending)} expires {when(ending.days_left)}, {at}"
        case RegionUnhealthy(outage=outage):
            word, name, target = "UNHEALTHY", f"region {outage.region}", ""
            rest = f" since {short_instant(outage.since)}: {outage.trouble.words}"
        case RegionRecovered(outage=outage):
            name, target = f"region {outage.region}", ""
            word, rest = "RECOVERED", f", was unhealthy for {duration(outage.duration_s or 0)}"
            if outage.resolution == "unused":
                word, rest = "UNUSED", ": no monitor is checked from there any more"
        case NotificationDigest() as digest:
            return _many(digest, reference)
        case ChannelTest(channel_name=name):
            word, target = "TEST", ""
            rest = ": messages about monitors will arrive here"
        case other:
            raise ValueError(f"nobody is told of {other.NAME}")
    end = f"{rest} (ref {reference})"
    subject = _subject(name, target, SMS_LENGTH - len(f"{word}: {end}"))
    return f"{word}: {subject}{end}"


def _many(digest: NotificationDigest, reference: str) -> str:
    """As many of the first five as there is room for."""
    names = [_cut(_ascii(item.monitor.name), _SMS_DIGEST_NAME) for item in digest.items]
    for shown in range(NAMED, 0, -1):
        text = f"{word_of(digest)}: {len(names)} monitors: {in_short(names, shown)}"
        if len(f"{text} (ref {reference})") <= SMS_LENGTH:
            break
    return f"{text} (ref {reference})"


def _why(cause: Cause) -> str:
    return f"{why(cause)}{regions_in_short(cause)}"


def _lasted(seconds: float | None) -> str:
    return " again" if seconds is None else f", was down for {duration(seconds)}"


def _subject(name: str, target: str, room: int) -> str:
    """The monitor's name and, where there is room, its target."""
    name, target = _ascii(name), _ascii(target)
    if not name:
        return _cut(target, room)
    name = _cut(name, min(room, _SMS_NAME))
    left = room - len(f"{name} ()")
    if not target or left < min(len(target), _SMS_TARGET_AT_LEAST):
        return name
    return f"{name} ({_cut(target, left)})"


def _ascii(text: str) -> str:
    """Letters without their accents; what has no ASCII form is left out."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return one_line(plain.translate(_GSM), limit=10_000)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(room - 2, 0)].rstrip() + ".."
