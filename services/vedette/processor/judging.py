"""From new results to judgements: gathers each round's votes and applies the verdicts."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prometheus_client import Counter

from vedette.core.events import Cause
from vedette.core.instants import iso
from vedette.core.outcome import Reason
from vedette.core.result import Result
from vedette.processor import roundstore
from vedette.processor.domain import (
    Judgement,
    Verdict,
    judge,
    lose_sight,
    missed_recheck,
    patient,
    pause,
    resume,
    revise,
)
from vedette.processor.expiring import tell_of_endings
from vedette.processor.ledger import Ledger
from vedette.processor.regions.breaker import Breaker, discounted
from vedette.processor.regions.weighing import SOUND
from vedette.processor.rollup import note_late
from vedette.processor.rounds import Round
from vedette.processor.roundstore import Key
from vedette.processor.rows import Watched, cause_of
from vedette.processor.store import Store

recorded = Counter("vedette_checks_recorded_total", "Checks stored for the first time.")
repeated = Counter("vedette_checks_repeated_total", "Results of checks that were stored already.")


@dataclass(frozen=True, slots=True)
class _Polled:
    """A region whose results come in, and what all regions said in the rounds they belong to."""

    region: str
    votes: Mapping[Key, Mapping[str, Cause]]
    unhealthy: Collection[str]
    hold_ms: int
    """How long what only this region says may wait, for it is doubted; 0 if it is not."""
    no_say: str | None
    """Why these results are no votes; None if they are."""

    def round_of(self, who: Watched, result: Result, check: Cause) -> Round:
        """The round of a result."""
        ended = self.votes.get((result.monitor_id, result.slot), {self.region: check})
        return Round(result.slot, who.voters(result.slot), ended, self.unhealthy)


async def record(
    store: Store,
    region: str,
    results: Sequence[Result],
    ledger: Ledger,
    breaker: Breaker | None = None,
) -> list[Result]:
    """Keep results and judge those that are new; says which those are.

    Votes of regions that the breaker calls broken have no say.
    """
    new = await store.insert_checks(region, results)
    fresh = [result for result in results if (result.monitor_id, result.slot) in new]
    await store.insert_evidence(region, fresh)
    await note_late(store.db, fresh, ledger.now)
    weighed = await breaker.weigh(store.db, region, fresh) if breaker else SOUND
    broken = breaker.broken if breaker else {}
    no_say = broken.get(region)
    if no_say is not None:
        await store.discount(region, fresh, no_say)
        discounted.inc(len(fresh))
    await judge_results(
        store, region, fresh, ledger, unhealthy=broken, hold_ms=weighed.hold_ms, no_say=no_say
    )
    recorded.inc(len(fresh))
    repeated.inc(len(results) - len(fresh))
    return fresh


async def judge_results(
    store: Store,
    region: str,
    results: Sequence[Result],
    ledger: Ledger,
    *,
    unhealthy: Collection[str] = (),
    hold_ms: int = 0,
    no_say: str | None = None,
) -> None:
    """Judge results that were stored for the first time, in the order of their slots.

    Their monitors have a state: once some are locked, it would be too late to begin one.
    """
    by_monitor: dict[UUID, list[Result]] = defaultdict(list)
    for result in sorted(results, key=lambda result: result.slot):
        by_monitor[result.monitor_id].append(result)
    monitors = await store.lock(list(by_monitor))
    votes = await roundstore.votes(
        store.db,
        [
            (who.monitor.id, result.slot, who.revision)
            for who in monitors
            if len(who.regions) > 1
            for result in by_monitor[who.monitor.id]
            if len(who.voters(result.slot)) > 1
        ],
    )
    await tell_of_endings(store.db, monitors, by_monitor, ledger)
    polled = _Polled(region, votes, unhealthy, hold_ms, no_say)
    for found in monitors:
        who = follow_changes(found, ledger)
        for result in by_monitor[who.monitor.id]:
            who = _take(who, polled, result, ledger)


def decide(
    who: Watched, polled: Round, ledger: Ledger, *, closed: bool = False, hold_ms: int = 0
) -> Judgement:
    """What a round comes to by the votes there are, and what follows from that.

    One that has not come to anything is left open, unless it is `closed`. `hold_ms`: for how long
    it may be put off to go down, for who says so is doubted.
    """
    outcome = polled.outcome(closed=closed)
    cause = polled.cause(outcome) or Cause(reason=Reason.NO_VOTES)
    if outcome is not None:
        alone = who.policy.rotating and not polled.of_several
        verdict = Verdict(polled.slot, outcome, cause, alone)
        policy = who.policy
        if hold_ms and not polled.of_several:
            policy = patient(policy, who.standing, polled.slot, hold_ms)
        judgement = judge(who.standing, policy, verdict, now=ledger.now)
    elif not (closed or polled.over):
        ledger.rounds.leave_open(who, polled.slot)
        return Judgement(who.standing)
    elif who.policy.interval_ms is None:
        judgement = lose_sight(who.standing, polled.slot, cause)
    else:
        judgement = missed_recheck(who.standing, who.policy, polled.slot, now=ledger.now)
    if closed or polled.of_several:  # one that is closed may have been of several once
        ledger.rounds.end(who, polled.slot, judged=outcome is not None)
    if judgement.recheck is not None:
        ledger.ask_recheck(who, judgement.recheck, cause)
    return judgement


def follow_changes(who: Watched, ledger: Ledger) -> Watched:
    """The monitor edited, paused, or resumed, as it is to be: its checks may overtake the event."""
    who = ledger.enter(who, Judgement(revise(who.standing, who.revision)))
    if who.paused:
        return ledger.enter(who, pause(who.standing, at=ledger.now))
    return ledger.enter(who, resume(who.standing, at=who.active_since))


def _take(who: Watched, polled: _Polled, result: Result, ledger: Ledger) -> Watched:
    """One result: it decides its round, leaves it open, or comes too late for it."""
    region, check = polled.region, cause_of(result, polled.region)
    votes = polled.round_of(who, result, check)
    # What an older definition saw, or a region it named, says nothing of this one.
    is_vote = result.revision == who.revision and region in votes.asked
    judgement = Judgement(who.standing)
    if who.standing.is_past(result.slot):
        ledger.rounds.came_late(who, region, result.slot, check)
    elif is_vote:
        judgement = decide(who, votes, ledger, hold_ms=polled.hold_ms)
    if not is_vote:
        return ledger.enter(who, judgement)
    return ledger.enter(who, judgement, _last_check(result, votes, region, polled.no_say))


def _last_check(result: Result, polled: Round, region: str, no_say: str | None) -> dict[str, Any]:
    """What lists show of a monitor's newest check: as what it counts."""
    shown = result.model_dump(
        mode="json",
        exclude_none=True,
        include={"outcome", "reason", "message", "duration_ms", "phases", "facts"},
    )
    if no_say is not None:
        shown |= {"outcome": "internal_error", "reason": "internal_error", "message": no_say}
    if result.started_at is not None:
        shown["started_at"] = iso(result.started_at)
    if polled.of_several:
        votes = polled.votes()
        shown["votes"] = [vote.model_dump(mode="json", exclude_none=True) for vote in votes]
    return shown | {"region": region, "slot": iso(result.slot)}
