"""What is expected of those who report by themselves, and what a report, or none, comes to.

Pure: all instants are Unix ms and come in as values. Reports are taken in the order of their
arrival, and `lapse` is asked for what was due before each of them, so that what is found follows
from the reports and their times alone, whenever it is worked out.

A report that is due at D may come until D plus the grace time; then a run is missing. A run that
said it starts may take `max_run_ms`; then it is late. While a run is under way nothing else is
missing. A deadline that passes while nobody listened finds nothing: that report may have come.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from vedette.core.instants import iso
from vedette.core.outcome import Outcome, Reason
from vedette.core.schedule import Cron, Schedule

# A job's clock may be ahead of ours: a report this little before its time is the one due then.
_EARLIEST_MS = 60_000
_EARLY_PART = 10
_LEAST_GRACE_MS = 30_000
_MOST_GRACE_MS = 3_600_000
# What was due longer ago than this, with nobody there to see, is told by the span `unknown`.
CATCH_UP_MS = 3_600_000
MOST_RUNS = 32


class Signal(StrEnum):
    """What a report says. `up`, `degraded` and `down` are results, the others tell of runs."""

    SUCCESS = "success"
    FAIL = "fail"
    START = "start"
    LOG = "log"
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


_OUTCOMES = {
    Signal.SUCCESS: Outcome.UP,
    Signal.FAIL: Outcome.DOWN,
    Signal.UP: Outcome.UP,
    Signal.DEGRADED: Outcome.DEGRADED,
    Signal.DOWN: Outcome.DOWN,
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed on with who reports. Without a schedule nothing is ever missing."""

    schedule: Schedule | None = None
    grace_ms: int | None = None
    """None: half the time between two reports, at least 30 s and at most an hour."""
    max_run_ms: int | None = None
    """None: as long as the grace time."""
    at_once: bool = False
    """Whether a first report is expected before any came."""

    def due_after(self, at_ms: int) -> "Due | None":
        """When the next report is due, if the last one came at `at_ms`."""
        if self.schedule is None:
            return None
        due = self.schedule.after(at_ms)
        following = self.schedule.after(due)
        early = min((following - due) // _EARLY_PART, _EARLIEST_MS)
        if isinstance(self.schedule, Cron) and due - at_ms <= early:
            due, following = following, self.schedule.after(following)
        return Due(due, due + self._grace_ms(following - due), due - early)

    def latest_end(self, started_at: int) -> int:
        """When a run that started then is late."""
        if self.max_run_ms is not None:
            return started_at + self.max_run_ms
        due = self.due_after(started_at)
        return started_at + (due.deadline - due.at if due else _MOST_GRACE_MS)

    def _grace_ms(self, between_ms: int) -> int:
        if self.grace_ms is not None:
            return self.grace_ms
        return min(max(between_ms // 2, _LEAST_GRACE_MS), _MOST_GRACE_MS)


@dataclass(frozen=True, slots=True)
class Due:
    """A report that is expected at `at`, taken from `earliest` on, and missing at `deadline`."""

    at: int
    deadline: int
    earliest: int


@dataclass(frozen=True, slots=True)
class Report:
    """One report, as it came in."""

    at: int
    signal: Signal
    run: str = ""
    """Which run it tells of (a run id), where several may be under way at once."""
    exit_status: int | None = None
    message: str | None = None
    duration_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a report, or its absence, says of the target: one check."""

    slot: int
    outcome: Outcome
    reason: Reason | None = None
    message: str | None = None
    duration_ms: float | None = None
    facts: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vigil:
    """What is remembered of who reports, from one report to the next."""

    since: int | None = None
    """What the next due time is reckoned from; None: nothing is expected yet."""
    runs: Mapping[str, int] = field(default_factory=dict)
    """The runs under way, by their id: when they started."""
    last_slot: int = 0

    def stored(self) -> dict[str, Any]:
        """As JSON has it; `Vigil(**stored)` is the way back."""
        return {"since": self.since, "runs": dict(self.runs), "last_slot": self.last_slot}


def afresh(vigil: Vigil, terms: Terms, *, at: int) -> Vigil:
    """Expect anew from `at` on: of a monitor that was made, resumed or agreed on anew."""
    expects = terms.at_once or vigil.since is not None
    return replace(vigil, since=at if expects else None, runs={})


def wakes_at(vigil: Vigil, terms: Terms) -> int | None:
    """The next deadline, if no report comes before."""
    if vigil.runs:
        return min(map(terms.latest_end, vigil.runs.values()))
    due = _due(vigil, terms)
    return None if due is None else due.deadline


def take(vigil: Vigil, report: Report) -> tuple[Vigil, Finding | None]:
    """Take a report in."""
    match report.signal:
        case Signal.LOG:
            return vigil, None
        case Signal.START:
            return _started(vigil, report), None
    started = vigil.runs.get(report.run)
    runs = {run: at for run, at in vigil.runs.items() if run != report.run}
    slot = max(report.at, vigil.last_slot + 1)
    vigil = Vigil(since=report.at, runs=runs, last_slot=slot)
    return vigil, _said(report, slot, started)


def lapse(
    vigil: Vigil, terms: Terms, *, until: int, listening_since: int
) -> tuple[Vigil, list[Finding]]:
    """What every deadline up to `until` comes to, if no report came before it.

    `listening_since` is since when reports could come in without a break.
    """
    found: list[Finding] = []
    while (deadline := wakes_at(vigil, terms)) is not None and deadline <= until:
        if deadline < until - CATCH_UP_MS:
            vigil = _skip(vigil, terms, until - CATCH_UP_MS)
            continue
        vigil, finding = _lapsed(vigil, terms, deadline, listening_since)
        found.append(finding)
    return vigil, found


def _started(vigil: Vigil, report: Report) -> Vigil:
    runs = {run: at for run, at in vigil.runs.items() if run != report.run}
    runs[report.run] = report.at
    newest = dict(sorted(runs.items(), key=lambda run: run[1])[-MOST_RUNS:])
    return replace(vigil, since=report.at, runs=newest)


def _said(report: Report, slot: int, started: int | None) -> Finding:
    took_ms = report.duration_ms
    if took_ms is None and started is not None:
        took_ms = float(report.at - started)
    facts: dict[str, str | int | float | bool] = {}
    if report.exit_status is not None:
        facts["exit_status"] = report.exit_status
    if report.run:
        facts["run"] = report.run
    if took_ms is not None and report.signal in {Signal.SUCCESS, Signal.FAIL}:
        facts["run_time"] = took_ms / 1000
    outcome = _OUTCOMES[report.signal]
    reason = None if outcome is Outcome.UP else Reason.RUN_FAILED
    message = report.message
    if message is None and reason is not None:
        status = report.exit_status
        message = Reason.RUN_FAILED.words + (f": exit status {status}" if status else "")
    return Finding(slot, outcome, reason, message, took_ms, facts)


def _lapsed(
    vigil: Vigil, terms: Terms, deadline: int, listening_since: int
) -> tuple[Vigil, Finding]:
    slot = max(deadline, vigil.last_slot + 1)
    if vigil.runs:
        run = min(vigil.runs, key=lambda run: terms.latest_end(vigil.runs[run]))
        started, begun = vigil.runs[run], vigil.runs[run]
        runs = {other: at for other, at in vigil.runs.items() if other != run}
        vigil = Vigil(since=deadline, runs=runs, last_slot=slot)
        reason, words = Reason.RUN_LATE, _late(run, started, deadline)
    else:
        due = _due(vigil, terms)
        assert due is not None
        begun, words = due.earliest, _missing(due)
        vigil = replace(vigil, since=due.at, last_slot=slot)
        reason = Reason.RUN_MISSING
    if listening_since > begun:
        heard = f"Vedette did not listen before {iso(listening_since)}: a report may have come"
        return vigil, Finding(slot, Outcome.MISSED, Reason.MISSED, f"{heard}; {words}")
    return vigil, Finding(slot, Outcome.DOWN, reason, words)


def _due(vigil: Vigil, terms: Terms) -> Due | None:
    return None if vigil.since is None else terms.due_after(vigil.since)


def _missing(due: Due) -> str:
    grace_s = (due.deadline - due.at) / 1000
    return f"no report came: one was due at {iso(due.at)}, with {grace_s:g} s of grace"


def _late(run: str, started: int, deadline: int) -> str:
    which = f"the run {run}" if run else "the run"
    limit_s = (deadline - started) / 1000
    return f"{which} that started at {iso(started)} has not ended within {limit_s:g} s"


def _skip(vigil: Vigil, terms: Terms, to: int) -> Vigil:
    """Pass over deadlines that are too old to be told one by one."""
    if vigil.runs:
        late = {run for run, at in vigil.runs.items() if terms.latest_end(at) < to}
        runs = {run: at for run, at in vigil.runs.items() if run not in late}
        return replace(vigil, runs=runs, since=to if not runs else vigil.since)
    due = _due(vigil, terms)
    assert due is not None
    if isinstance(terms.schedule, Cron):
        return replace(vigil, since=max(due.at, to - (due.deadline - due.at)))
    every = due.at - (vigil.since or 0)
    behind = to - due.deadline
    return replace(vigil, since=due.at + behind // every * every)
