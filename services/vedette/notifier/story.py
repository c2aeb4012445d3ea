"""What a message says, before it takes a form: the facts of an event in words."""

from collections.abc import Iterator
from typing import assert_never

from vedette.core.events import (
    Cause,
    CertificateExpiring,
    ChannelTest,
    DomainExpiring,
    Event,
    IncidentOpened,
    IncidentRef,
    IncidentReminded,
    IncidentResolved,
    MonitorRef,
    NotificationDigest,
    RegionRecovered,
    RegionUnhealthy,
)
from vedette.notifier.digests import of_digest
from vedette.notifier.regions import of_region
from vedette.notifier.saying import Row, Story
from vedette.notifier.voting import others, regions_in_words
from vedette.notifier.words import duration, instant, instant_ms, milliseconds, one_line

_PHASES = {
    "resolve": "DNS",
    "connect": "connect",
    "tls": "TLS",
    "first_byte": "first byte",
    "transfer": "transfer",
}


def tell(event: Event, *, at_ms: int, public_url: str | None) -> Story:
    """The story of an event, as told at `at_ms`."""
    match event.payload():
        case IncidentOpened() | IncidentReminded() | IncidentResolved() as turn:
            return _of_incident(turn, at_ms, _link(public_url))
        case CertificateExpiring() | DomainExpiring() as ending:
            return _ending(ending, _link(public_url))
        case RegionUnhealthy(outage=outage) | RegionRecovered(outage=outage):
            return of_region(outage, at_ms, _link(public_url))
        case NotificationDigest() as digest:
            return of_digest(digest, _link(public_url))
        case ChannelTest(channel_name=name):
            return _test(one_line(name))
        case other:
            raise ValueError(f"nobody is told of {other.NAME}")


def _of_incident(
    turn: IncidentOpened | IncidentReminded | IncidentResolved, at_ms: int, link: str | None
) -> Story:
    match turn:
        case IncidentReminded():
            return _reminder(turn, at_ms, link)
        case IncidentResolved():
            return _resolved(turn.incident, turn.monitor, link)
        case _:
            return _opened(turn.incident, turn.monitor, at_ms, link)


def outage_s(incident: IncidentRef) -> float | None:
    """How long it lasted, if that is known."""
    if incident.duration_s is not None or incident.resolved_at is None:
        return incident.duration_s
    return (instant_ms(incident.resolved_at) - instant_ms(incident.since)) / 1000


def why(cause: Cause) -> str:
    """The reason in plain words."""
    return cause.reason.words if cause.reason else "it failed its checks"


def _opened(incident: IncidentRef, monitor: MonitorRef, at_ms: int, link: str | None) -> Story:
    name = one_line(monitor.name)
    ago = duration((at_ms - instant_ms(incident.since)) / 1000)
    reason = why(incident.cause)
    rows = [*_down(incident, monitor, ago), *_evidence(incident.cause)]
    return Story(f"DOWN: {name} — {reason}", "down", f"{name} is down", [], rows, link)


def _reminder(reminder: IncidentReminded, at_ms: int, link: str | None) -> Story:
    incident, name = reminder.incident, one_line(reminder.monitor.name)
    ago = duration((at_ms - instant_ms(incident.since)) / 1000)
    rows = [*_down(incident, reminder.monitor, ago), *_evidence(incident.cause)]
    return Story(
        f"STILL DOWN: {name} — for {ago}: {why(incident.cause)}",
        "down",
        f"{name} is still down, for {ago} now",
        [],
        [*rows, ("Reminder", str(reminder.number))],
        link,
    )


def _down(incident: IncidentRef, monitor: MonitorRef, ago: str) -> Iterator[Row]:
    yield "Monitor", one_line(monitor.name)
    yield "Target", one_line(monitor.target)
    yield "Down since", f"{instant(incident.since)} ({ago} ago)"
    if incident.held is not None:
        held = incident.held
        yield "Held back", f"since {instant(held.down_at)}, for {one_line(held.name)} (maintenance)"


def _resolved(incident: IncidentRef, monitor: MonitorRef, link: str | None) -> Story:
    name = one_line(monitor.name)
    rows = [
        ("Monitor", name),
        ("Target", one_line(monitor.target)),
        ("Down since", instant(incident.since)),
    ]
    match incident.resolution:
        case "recovered" | None:
            lasted = outage_s(incident)
            was_down = "" if lasted is None else f" — was down for {duration(lasted)}"
            rows += _recovery(incident)
            return Story(f"UP: {name}{was_down}", "up", f"{name} is up again", [], rows, link)
        case "paused" | "deleted" as how:
            rows.append(("Reason", why(incident.cause)))
            return Story(
                f"{how.upper()}: {name} — it was still down",
                "ended",
                f"{name} was {how} while it was down",
                [f"The monitor was {how}, so nobody checks the target any more. A recovery was "
                 "not seen: the target may still be down."],
                rows,
                link,
            )  # fmt: skip
        case other:
            assert_never(other)


def _recovery(incident: IncidentRef) -> Iterator[Row]:
    if incident.resolved_at is not None:
        yield "Up since", instant(incident.resolved_at)
    lasted = outage_s(incident)
    if lasted is not None:
        yield "Was down for", duration(lasted)
    yield "Because", why(incident.cause)


def _evidence(cause: Cause) -> Iterator[Row]:
    yield "Reason", why(cause)
    if cause.message:
        yield "Seen", one_line(cause.message, limit=500)
    if "status" in cause.facts:
        yield "Status", str(cause.facts["status"])
    if cause.votes:
        yield "Regions", regions_in_words(cause.votes)
    if cause.region:
        yield "Region", cause.region
    if cause.duration_ms is not None:
        yield "Took", milliseconds(cause.duration_ms)
    if cause.phases:
        times = [
            f"{_PHASES.get(name, name)} {milliseconds(ms)}" for name, ms in cause.phases.items()
        ]
        yield "Of which", ", ".join(times)
    yield from others(cause)


def what_ends(ending: CertificateExpiring | DomainExpiring) -> str:
    """It, in plain words."""
    if isinstance(ending, DomainExpiring):
        return "the registration"
    return "a certificate of its chain" if ending.of_chain else "the certificate"


def when(days_left: int) -> str:
    """In so many full days."""
    if days_left < 1:
        return "within a day"
    return f"in {days_left} day{'' if days_left == 1 else 's'}"


def _ending(ending: CertificateExpiring | DomainExpiring, link: str | None) -> Story:
    name, soon = one_line(ending.monitor.name), when(ending.days_left)
    rows = [
        ("Monitor", name),
        ("Target", one_line(ending.monitor.target)),
        ("Expires", f"{instant(ending.expires_at)} ({soon})"),
        *_particulars(ending),
    ]
    return Story(
        f"EXPIRING: {name} — {what_ends(ending)} expires {soon}",
        "ending",
        f"{name}: {what_ends(ending)} expires {soon}",
        ["This is no outage; it is told so that it can be renewed in time."],
        rows,
        link,
    )


def _particulars(ending: CertificateExpiring | DomainExpiring) -> Iterator[Row]:
    known: list[tuple[str, str | None]]
    if isinstance(ending, DomainExpiring):
        known = [("Domain", ending.domain), ("Registrar", ending.registrar)]
    else:
        known = [("Issuer", ending.issuer), ("Serial", ending.serial)]
        known.append(("SHA-256", ending.fingerprint))
    for label, text in known:
        if text:
            yield label, one_line(text)


def _test(channel: str) -> Story:
    return Story(
        f"TEST: {channel}",
        "test",
        "This is a test",
        [f"Somebody asked Vedette to test the channel {channel}. Nothing is wrong, and messages "
         "about monitors will arrive here."],
        [("Channel", channel)],
    )  # fmt: skip


def _link(public_url: str | None) -> str | None:
    # The status screen lists open incidents; they have no pages of their own yet.
    return f"{public_url}/" if public_url else None
