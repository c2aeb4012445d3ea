"""The judge: compares what was true with what was stored and what was received. Pure.

Instants are Unix ms. It goes by the truth, not by tight times: how late something may be is what
the monitors' own settings allow, and a margin for a machine that is busy.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.faults.truth import Outage

EDGE_MS = 1_500
"""Around the edges of an outage, either answer is right."""
SLACK_MS = 15_000
"""What a busy machine may take longer, once, for an outage to be seen."""
BAR = (
    "unreported outages",
    "false downs",
    "lost incidents",
    "doubled incidents",
    "lost messages",
    "doubled messages",
    "slots unaccounted",
    "false checks",
    "parked messages",
)
"""What must be zero."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A monitor; `slots` are those that were due, `target` is what it watches."""

    target: int
    regions: tuple[str, ...]
    interval_ms: int
    timeout_ms: int
    slots: tuple[int, ...]

    @property
    def latest_ms(self) -> int:
        """How long after its slot a check may end."""
        return self.interval_ms + self.timeout_ms

    @property
    def confirmed_ms(self) -> int:
        """How long an outage must be in sight to be confirmed for certain."""
        return 2 * self.latest_ms + SLACK_MS


@dataclass(frozen=True, slots=True)
class Check:
    """A stored check."""

    target: int
    region: str
    slot: int
    outcome: str
    started_at: int | None = None
    duration_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A stored change of a monitor's state."""

    target: int
    sequence: int
    state: str
    since: int
    decided_at: int


@dataclass(frozen=True, slots=True)
class Incident:
    """A stored incident; `recovered_at` is None while nobody saw its end."""

    id: str
    target: int
    opened_by: int
    since: int
    recovered_at: int | None


@dataclass(frozen=True, slots=True)
class Received:
    """One arrival of a message that its receiver took in. Receivers know repeats by the key."""

    channel: str
    incident: str
    transition: str
    key: str


@dataclass(frozen=True, slots=True)
class Blindness:
    """A time in which nothing could be seen: from one region, or from anywhere."""

    start: int
    end: int
    region: str | None = None

    def of(self, watched: Watched) -> bool:
        """Whether a monitor was blind: no other region could see for it."""
        return self.region is None or watched.regions == (self.region,)


_T = TypeVar("_T", Outage, Check, Change, Incident)


@dataclass(frozen=True, kw_only=True)
class Case:
    """All that the judge looks at."""

    monitors: Sequence[Watched]
    outages: Sequence[Outage]
    channels: Sequence[str]
    blind: Sequence[Blindness] = ()
    checks: Sequence[Check] = ()
    changes: Sequence[Change] = ()
    incidents: Sequence[Incident] = ()
    received: Sequence[Received] = ()
    parked: Sequence[str] = ()


@dataclass(frozen=True)
class Verdict:
    """`figures` for the reader; `findings` by what of the bar they break."""

    figures: Mapping[str, int]
    findings: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether everything that must be zero is."""
        return not any(self.findings.values())


def judge(case: Case) -> Verdict:
    """What became of the truth."""
    findings: dict[str, list[str]] = {name: [] for name in BAR}
    figures: Counter[str] = Counter()
    for finding, what in _all(case, figures):
        findings[finding].append(what)
    figures["incidents"] = len(case.incidents)
    figures["raw messages"] = len(case.received)
    figures["visible messages"] = len({(one.channel, one.key) for one in case.received})
    for outcome, number in Counter(check.outcome for check in case.checks).items():
        figures[f"checks {outcome}"] = number
    return Verdict(dict(figures), findings)


def _all(case: Case, figures: Counter[str]) -> Iterator[tuple[str, str]]:
    yield from _outages(case, figures)
    yield from _incidents(case)
    yield from _messages(case)
    yield from _slots(case, figures)
    yield from _false_checks(case)
    for what in case.parked:
        yield "parked messages", what


def _outages(case: Case, figures: Counter[str]) -> Iterator[tuple[str, str]]:
    """Truth against incidents: each outage that was in sight has one, and nothing else has any."""
    incidents = _by_target(case.incidents)
    outages = _by_target(case.outages)
    for watched in case.monitors:
        blind = [gap for gap in case.blind if gap.of(watched)]
        yield from _outages_of(
            watched, outages[watched.target], incidents[watched.target], blind, figures
        )


def _outages_of(
    watched: Watched,
    outages: Sequence[Outage],
    incidents: Sequence[Incident],
    blind: Sequence[Blindness],
    figures: Counter[str],
) -> Iterator[tuple[str, str]]:
    told: dict[Outage, list[Incident]] = {outage: [] for outage in outages}
    for incident in incidents:
        cause = _cause(watched, outages, incident)
        if cause is None:
            yield "false downs", f"target {watched.target}: {incident}"
        else:
            told[cause].append(incident)
    before: Outage | None = None
    for outage in sorted(outages, key=lambda outage: outage.start):
        own = told[outage]
        merged = before is not None and _merged(watched, before, outage, told, blind)
        figures["outages injected"] += 1
        figures["outages reported"] += bool(own) or merged
        due = _in_sight(outage.start, outage.end, blind) >= watched.confirmed_ms
        figures["outages that must be reported"] += due
        if due and not own and not merged:
            yield "unreported outages", f"{outage}"
        if len(own) > 1:
            yield "doubled incidents", f"{outage}: {own}"
        if own or not merged:
            before = outage


def _cause(watched: Watched, outages: Sequence[Outage], incident: Incident) -> Outage | None:
    """The outage that an incident is about: a check of its first slot met it."""
    for outage in outages:
        first = outage.start - watched.latest_ms
        if first - EDGE_MS <= incident.since <= outage.end + EDGE_MS:
            return outage
    return None


def _merged(
    watched: Watched,
    before: Outage,
    outage: Outage,
    told: Mapping[Outage, Sequence[Incident]],
    blind: Sequence[Blindness],
) -> bool:
    """Whether an earlier incident stands for this outage too: nobody could see that it ended."""
    if _in_sight(before.end, outage.start, blind) >= watched.latest_ms + SLACK_MS:
        return False
    return any(
        incident.recovered_at is None or incident.recovered_at >= outage.start
        for incident in told[before]
    )


def _in_sight(start: int, end: int, blind: Sequence[Blindness]) -> int:
    """The longest time without a break, between two instants, in which something could be seen."""
    longest, at = 0, start
    for gap in sorted(blind, key=lambda gap: gap.start):
        if gap.end > at and gap.start < end:
            longest = max(longest, gap.start - at)
            at = gap.end
    return max(longest, end - at)


def _incidents(case: Case) -> Iterator[tuple[str, str]]:
    """Changes of state against incidents: one for each way down, ended by the way up."""
    changes = _by_target(case.changes)
    incidents = _by_target(case.incidents)
    for target in changes.keys() | incidents.keys():
        due = _openings(sorted(changes[target], key=lambda change: change.sequence))
        made = Counter(incident.opened_by for incident in incidents[target])
        for sequence in due.keys() - made.keys():
            yield "lost incidents", f"target {target}: change {sequence} opened none"
        for sequence, number in made.items():
            if number > 1 or sequence not in due:
                yield "doubled incidents", f"target {target}: {number} by change {sequence}"
        for incident in incidents[target]:
            if due.get(incident.opened_by) and incident.recovered_at is None:
                yield "lost incidents", f"target {target}: {incident} was never resolved"
            elif incident.opened_by in due and not due[incident.opened_by]:
                yield "lost incidents", f"target {target}: {incident} was never seen to recover"


def _openings(changes: Iterable[Change]) -> dict[int, bool]:
    """Which changes open an incident, and whether it ends."""
    found: dict[int, bool] = {}
    current: int | None = None
    for change in changes:
        if change.state == "down" and current is None:
            current = change.sequence
            found[current] = False
        elif change.state in {"up", "degraded"} and current is not None:
            found[current] = True
            current = None
    return found


def _messages(case: Case) -> Iterator[tuple[str, str]]:
    """Incidents against what was received: each turn once, by each channel."""
    keys: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for one in case.received:
        keys[one.channel, one.incident, one.transition].add(one.key)
    due = {
        (channel, incident.id, transition)
        for incident in case.incidents
        for channel in case.channels
        for transition in ("opened", "resolved")
        if transition == "opened" or incident.recovered_at is not None
    }
    for message in sorted(due - keys.keys()):
        yield "lost messages", " ".join(message)
    for message, distinct in keys.items():
        if message not in due:
            yield "doubled messages", f"{' '.join(message)}: of nothing that happened"
        elif len(distinct) > 1:
            yield "doubled messages", f"{' '.join(message)}: {len(distinct)} of them"


def _slots(case: Case, figures: Counter[str]) -> Iterator[tuple[str, str]]:
    """Slots that were due against checks."""
    kept = Counter((check.target, check.region, check.slot) for check in case.checks)
    for watched in case.monitors:
        for region in watched.regions:
            for slot in watched.slots:
                figures["slots due"] += 1
                number = kept[watched.target, region, slot]
                if number != 1:
                    what = f"target {watched.target} in {region} at {slot}: {number} checks"
                    yield "slots unaccounted", what


def _false_checks(case: Case) -> Iterator[tuple[str, str]]:
    """Checks that say of a target what was not true while they ran."""
    outages = _by_target(case.outages)
    by_target = {watched.target: watched for watched in case.monitors}
    for check in case.checks:
        watched = by_target.get(check.target)
        if watched is None or check.outcome not in {"up", "degraded", "down"}:
            continue
        begin, end = _ran(check, watched)
        broken = any(
            outage.start - EDGE_MS <= end and begin <= outage.end + EDGE_MS
            for outage in outages[check.target]
        )
        wholly = any(
            outage.start + EDGE_MS <= begin and end <= outage.end - EDGE_MS
            for outage in outages[check.target]
        )
        if (check.outcome != "up" and not broken) or (check.outcome == "up" and wholly):
            yield "false checks", f"{check}"


def _ran(check: Check, watched: Watched) -> tuple[int, int]:
    """From when to when; by the slot where the prober's clock can't be true."""
    latest = check.slot + watched.latest_ms
    if check.started_at is None or not check.slot - EDGE_MS <= check.started_at <= latest:
        return check.slot, latest
    return check.started_at, check.started_at + int(check.duration_ms or 0)


def _by_target(things: Iterable[_T]) -> defaultdict[int, list[_T]]:
    found: defaultdict[int, list[_T]] = defaultdict(list)
    for thing in things:
        found[thing.target].append(thing)
    return found
