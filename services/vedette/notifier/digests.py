"""What is said of many incidents at once: the first five by name, then counts."""

from collections import Counter
from collections.abc import Iterable, Sequence

from vedette.core.events import DigestItem, NotificationDigest
from vedette.notifier.saying import Row, Story
from vedette.notifier.words import instant, one_line

NAMED = 5


def of_digest(digest: NotificationDigest, link: str | None) -> Story:
    """Many went down, are still down, or came back."""
    items = digest.items
    count = f"{len(items)} monitors"
    names = in_short(one_line(item.monitor.name, limit=60) for item in items)
    rows = [*_first(items), *_rest(items)]
    subject = f"{word_of(digest)}: {count} — {names}"
    match digest.transition:
        case "opened":
            headline = f"{len(items)} more monitors are down"
            why = "So many went down at once that these are told of together."
        case "reminder":
            headline = f"{len(items)} more monitors are still down"
            why = "So many are reminded of at once that these are told of together."
        case "resolved":
            headline = f"{len(items)} more incidents are over"
            why = "So many ended at once that these are told of together."
    mood = "up" if word_of(digest) == "UP" else "down"
    if word_of(digest) == "OVER":
        mood = "ended"
        why += " Of what was paused or deleted a recovery was not seen."
    return Story(subject, mood, headline, [why], rows, link)


def word_of(digest: NotificationDigest) -> str:
    """In one word. UP is only said of what was seen to be."""
    if digest.transition == "opened":
        return "DOWN"
    if digest.transition == "reminder":
        return "STILL DOWN"
    recovered = all(item.incident.resolution == "recovered" for item in digest.items)
    return "UP" if recovered else "OVER"


def in_short(names: Iterable[str], most: int = NAMED) -> str:
    """`a, b, c, d, e and 285 more`."""
    every = list(names)
    more = len(every) - most
    shown = ", ".join(every[:most])
    return f"{shown} and {more} more" if more > 0 else shown


def _first(items: Sequence[DigestItem]) -> Iterable[Row]:
    for item in items[:NAMED]:
        yield one_line(item.monitor.name, limit=60), _told(item)


def _told(item: DigestItem) -> str:
    incident = item.incident
    if incident.resolution is None:
        return f"down since {instant(incident.since)}: {_reason(item)}"
    if incident.resolution != "recovered" or incident.resolved_at is None:
        return f"{incident.resolution} while it was down, since {instant(incident.since)}"
    return f"up since {instant(incident.resolved_at)}, was down since {instant(incident.since)}"


def _rest(items: Sequence[DigestItem]) -> Iterable[Row]:
    if len(items) > NAMED:
        yield "And", f"{len(items) - NAMED} more"
    ended = all(item.incident.resolution for item in items)
    said = Counter(str(item.incident.resolution) if ended else _reason(item) for item in items)
    yield "In all", "; ".join(f"{what} ({number})" for what, number in said.most_common(8))


def _reason(item: DigestItem) -> str:
    reason = item.incident.cause.reason
    return reason.words if reason else "it failed its checks"
