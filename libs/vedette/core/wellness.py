"""Whether Vedette itself is well, pure: from figures to findings, each with what to do.

`vedette doctor` shows them, and the external heartbeat is sent only while none is bad.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vedette.core.figures import Figures, Sample

SERVICES = ("gateway", "scheduler", "processor", "incidents", "notifier")
"""What must run, each in a process of its own or all in one that is called `up`."""
RECORDED_WITHIN_S = 15
"""A check that has not been stored so long after its slot and timeout is not in time."""
MOST_FAILING = 0.1
MOST_UNSEEING = 0.5
BEHIND_WARN_S, BEHIND_BAD_S = 10, 30
SKEW_WARN_MS, SKEW_BAD_MS = 1_000, 30_000
OUTBOX_WARN_S, OUTBOX_BAD_S = 5, 30
OVERDUE_WARN_S, OVERDUE_BAD_S = 10, 60
UNFOLLOWED_S = 60
"""A change of state that nobody has turned into incidents for so long is stuck."""


class Level(StrEnum):
    """How a part stands."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one part stands, and, if it is not ok, what to do: one sentence."""

    part: str
    level: Level
    words: str
    advice: str | None = None


def examined(figures: Figures) -> list[Finding]:
    """How each part of the way from a slot to a message stands."""
    return [
        _services(figures),
        _probers(figures),
        _regions(figures),
        _kinds(figures),
        _versions(figures),
        _clocks(figures),
        _shards(figures),
        _checks(figures.sample),
        _outbox(figures),
        _incidents(figures),
        _deliveries(figures),
    ]


def well(findings: Iterable[Finding]) -> bool:
    """Whether none is bad."""
    return all(finding.level is not Level.BAD for finding in findings)


def _services(figures: Figures) -> Finding:
    running = figures.services
    absent = [name for name in SERVICES if not running.get(name) and not running.get("up")]
    words = ", ".join(f"{count} {name}" for name, count in sorted(running.items())) or "none"
    if absent:
        return Finding(
            "services",
            Level.BAD,
            f"no {_and(absent)} is live (live: {words})",
            f"Start {_and(absent)}, or read its log if it should be running.",
        )
    return Finding("services", Level.OK, f"live: {words}")


def _probers(figures: Figures) -> Finding:
    without = sorted(region for region in figures.watched if not figures.probers.get(region))
    words = ", ".join(f"{count} in {region}" for region, count in sorted(figures.probers.items()))
    if without:
        alone = not any(figures.probers.values())
        return Finding(
            "probers",
            Level.BAD if alone else Level.WARN,
            f"none is live in {_and(without)}",
            f"Start a prober with VEDETTE_REGION={without[0]}, or move its monitors to a region"
            " that has one.",
        )
    return Finding("probers", Level.OK, f"live: {words}" if words else "none, and none is needed")


def _regions(figures: Figures) -> Finding:
    if not figures.unhealthy:
        return Finding("regions", Level.OK, "all are healthy" if figures.watched else "none")
    alone = figures.watched <= figures.unhealthy.keys()
    region, why = min(figures.unhealthy.items())
    more = f"; also {_and(sorted(figures.unhealthy)[1:])}" if len(figures.unhealthy) > 1 else ""
    return Finding(
        "regions",
        Level.BAD if alone else Level.WARN,
        f"{region} is unhealthy: {why}{more}",
        "See to the network and the log of its probers: what they say has no say until then.",
    )


def _kinds(figures: Figures) -> Finding:
    if not figures.uncheckable:
        return Finding("kinds", Level.OK, "every kind that is watched can be checked")
    what, why = min(figures.uncheckable.items())
    more = len(figures.uncheckable) - 1
    return Finding(
        "kinds",
        Level.WARN,
        f"{what} can't be checked: {why}" + (f"; and {more} more" if more else ""),
        "Install what these probers lack, or move the monitors to a region that has it.",
    )


def _versions(figures: Figures) -> Finding:
    words = ", ".join(f"{version} ({count})" for version, count in sorted(figures.versions.items()))
    if len(figures.versions) > 1:
        advice = "Finish the upgrade: bring every process to the newest of these versions."
        return Finding("versions", Level.WARN, f"several: {words}", advice)
    return Finding("versions", Level.OK, words or "nothing runs")


def _clocks(figures: Figures) -> Finding:
    if not figures.skews:
        return Finding("clocks", Level.OK, "nobody has told its time")
    who, skew_ms = max(figures.skews.items(), key=lambda item: abs(item[1]))
    words = f"furthest from the database's: {who} by {skew_ms / 1000:+.3f} s"
    level = _level(abs(skew_ms), SKEW_WARN_MS, SKEW_BAD_MS)
    return Finding(
        "clocks",
        level,
        words,
        None
        if level is Level.OK
        else "Let NTP keep the clocks of that machine and of the database's.",
    )


def _shards(figures: Figures) -> Finding:
    if figures.unowned:
        return Finding(
            "shards",
            Level.BAD if figures.behind_s > BEHIND_BAD_S else Level.WARN,
            f"{figures.unowned} of 64 are held by no scheduler, for up to {figures.behind_s:.0f} s",
            "Start a scheduler; if one runs, its log says what keeps it from taking them.",
        )
    level = _level(figures.behind_s, BEHIND_WARN_S, BEHIND_BAD_S)
    words = f"all held, sent out up to {figures.behind_s:.1f} s ago"
    return Finding(
        "shards",
        level,
        words,
        None
        if level is Level.OK
        else "Look whether RabbitMQ takes jobs (its disk and memory alarms), and add a scheduler"
        " if they are busy.",
    )


def _checks(sample: Sample) -> Finding:
    if not sample.due:
        return Finding("checks", Level.OK, "none was due of late")
    words = f"of {sample.due} that were due of late {sample.seen} saw their target"
    rest = {
        "are not stored yet": sample.absent,
        "were missed": sample.missed,
        "failed for a fault of ours": sample.unseeing,
    }
    words += "".join(f", {count} {what}" for what, count in rest.items() if count)
    return Finding("checks", *_of_checks(sample, words))


def _of_checks(sample: Sample, words: str) -> tuple[Level, str, str | None]:
    if sample.absent > sample.due * MOST_FAILING:
        return (
            Level.BAD,
            words,
            "Look whether probers and processors live and keep up: add of those whose queue grows.",
        )
    if sample.missed > sample.due * MOST_FAILING:
        return (
            Level.BAD,
            words,
            "Add probers to the regions whose checks are missed, or let them do more at once"
            " (VEDETTE_PROBER_CONCURRENCY).",
        )
    if sample.unseeing > sample.due * MOST_UNSEEING:
        return Level.BAD, words, "Read in the checks' messages what keeps the probers from seeing."
    if sample.seen < sample.due:
        return Level.WARN, words, "Read in these checks' messages why they saw nothing."
    return Level.OK, words, None


def _outbox(figures: Figures) -> Finding:
    level = _level(figures.outbox_s, OUTBOX_WARN_S, OUTBOX_BAD_S)
    if not figures.outbox:
        return Finding("outbox", Level.OK, "empty")
    words = f"{figures.outbox} events wait, the oldest for {figures.outbox_s:.1f} s"
    return Finding(
        "outbox",
        level,
        words,
        None if level is Level.OK else "Look whether RabbitMQ is reachable and takes messages.",
    )


def _incidents(figures: Figures) -> Finding:
    if figures.unfollowed:
        return Finding(
            "incidents",
            Level.BAD,
            f"{figures.unfollowed} changes of state were not followed for over {UNFOLLOWED_S} s",
            "Read the incidents service's log: it fails with them, or hears nothing.",
        )
    return Finding("incidents", Level.OK, "every change of state was followed")


def _deliveries(figures: Figures) -> Finding:
    if not figures.overdue:
        return Finding("deliveries", Level.OK, "none is overdue")
    level = _level(figures.overdue_s, OVERDUE_WARN_S, OVERDUE_BAD_S)
    words = f"{figures.overdue} wait and nobody sends, the longest for {figures.overdue_s:.0f} s"
    return Finding(
        "deliveries",
        level,
        words,
        None
        if level is Level.OK
        else "Read the notifier's log, and add a notifier if it has more to send than it can.",
    )


def _level(value: float, warn: float, bad: float) -> Level:
    if value > bad:
        return Level.BAD
    return Level.WARN if value > warn else Level.OK


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
