"""What is said of regions: that it is our trouble, whose monitors it keeps unseen, what to do."""

from vedette.core.events import RegionOutage
from vedette.core.regions import Trouble
from vedette.notifier.saying import Row, Story
from vedette.notifier.words import duration, instant, instant_ms, one_line

_ADVICE = {
    Trouble.NO_PROBERS: "Start a prober there (VEDETTE_REGION={region}), or see why the one there"
    " was does not reach the message bus any more.",
    Trouble.UPLINK: "See to the network of its probers, or to their VEDETTE_PROBER_CANARIES.",
    Trouble.DISAGREEMENT: "See to the network of its probers: routes, name servers, firewalls,"
    " what stands between them and their targets.",
}


def of_region(outage: RegionOutage, at_ms: int, link: str | None) -> Story:
    """A region's outage, or its end."""
    if outage.resolution is None:
        return _unhealthy(outage, at_ms, link)
    return _ended(outage, link)


def _unhealthy(outage: RegionOutage, at_ms: int, link: str | None) -> Story:
    ago = duration((at_ms - instant_ms(outage.since)) / 1000)
    return Story(
        f"UNHEALTHY: region {outage.region} — {outage.trouble.words}",
        "ended",
        f"Region {outage.region} can't check its monitors",
        [
            "This says nothing about the targets: nobody sees them from there. No incident is "
            "opened for it; monitors that nobody else sees become unknown after three intervals.",
            _ADVICE[outage.trouble].format(region=outage.region),
        ],
        [
            ("Region", outage.region),
            ("Trouble", one_line(outage.message)),
            ("Since", f"{instant(outage.since)} ({ago} ago)"),
            ("Monitors", _monitors(outage)),
        ],
        link,
    )


def _ended(outage: RegionOutage, link: str | None) -> Story:
    name = f"region {outage.region}"
    rows: list[Row] = [
        ("Region", outage.region),
        ("Trouble", one_line(outage.message)),
        ("Since", instant(outage.since)),
    ]
    if outage.resolution == "unused":
        why = "No monitor is to be checked from there any more, so nobody looks after it."
        return Story(f"UNUSED: {name}", "ended", f"Nobody needs {name} any more", [why], rows, link)
    lasted = duration(outage.duration_s or 0)
    if outage.ended_at is not None:
        rows.append(("Until", instant(outage.ended_at)))
    rows.append(("Lasted", lasted))
    return Story(
        f"RECOVERED: {name} — was unhealthy for {lasted}",
        "up",
        f"Region {outage.region} checks its monitors again",
        [],
        rows,
        link,
    )


def _monitors(outage: RegionOutage) -> str:
    return f"{outage.monitors}, of which {outage.alone} are checked from nowhere else"
