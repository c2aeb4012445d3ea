"""From new results to judgements: gathers each round's votes and applies the verdicts."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from prometheus_client import Counter

from vedette.core.instants import iso
from vedette.core.outcome import Outcome
from vedette.core.result import Result
from vedette.processor.domain import (
    Judgement,
    Verdict,
    judge,
    lose_sight,
    missed_recheck,
    tally,
)
from vedette.processor.expiring import tell_of_endings
from vedette.processor.ledger import Ledger
from vedette.processor.rollup import note_late
from vedette.processor.rows import Watched, cause_of
from vedette.processor.store import Key, Store

recorded = Counter("vedette_checks_recorded_total", "Checks stored for the first time.")
repeated = Counter("vedette_checks_repeated_total", "Results of checks that were stored already.")


async def record(
    store: Store, region: str, results: Sequence[Result], ledger: Ledger
) -> list[Result]:
    """Keep results and judge those that are new; says which those are."""
    new = await store.insert_checks(region, results)
    fresh = [result for result in results if (result.monitor_id, result.slot) in new]
    await store.insert_evidence(region, fresh)
    await note_late(store.db, fresh, ledger.now)
    await judge_results(store, region, fresh, ledger)
    recorded.inc(len(fresh))
    repeated.inc(len(results) - len(fresh))
    return fresh


async def judge_results(
    store: Store, region: str, results: Sequence[Result], ledger: Ledger
) -> None:
    """Judge results that were stored for the first time, in the order of their slots."""
    by_monitor: dict[UUID, list[Result]] = defaultdict(list)
    for result in sorted(results, key=lambda result: result.slot):
        by_monitor[result.monitor_id].append(result)
    monitors = await _lock(store, list(by_monitor))
    votes = await store.outcomes(
        [
            (who.monitor.id, result.slot)
            for who in monitors
            if who.regions > 1
            for result in by_monitor[who.monitor.id]
        ]
    )
    await tell_of_endings(store.db, monitors, by_monitor, ledger)
    for who in monitors:
        for result in by_monitor[who.monitor.id]:
            who = _judge(who, region, result, votes, ledger)  # noqa: PLW2901  (a fold)


async def _lock(store: Store, ids: list[UUID]) -> list[Watched]:
    found = await store.lock(ids)
    if len(found) < len(ids):
        # A first result may overtake the event that announces its monitor.
        await store.begin(list(set(ids) - {who.monitor.id for who in found}))
        found = await store.lock(ids)
    return found


def _judge(
    who: Watched, region: str, result: Result, votes: dict[Key, list[Outcome]], ledger: Ledger
) -> Watched:
    cause = cause_of(result, region)
    judgement = Judgement(who.standing)
    if result.revision == who.revision:  # what an older definition saw says nothing of this one
        outcome = tally(votes.get((result.monitor_id, result.slot), [result.outcome]), who.regions)
        if outcome is not None:
            verdict = Verdict(result.slot, outcome, cause)
            judgement = judge(who.standing, who.policy, verdict, now=ledger.now)
        elif who.policy.interval_ms is None:
            judgement = lose_sight(who.standing, result.slot, cause)
        elif not result.outcome.is_vote:
            judgement = missed_recheck(who.standing, who.policy, result.slot, now=ledger.now)
    if judgement.recheck is not None:
        ledger.ask_recheck(who, judgement.recheck, cause)
    return ledger.enter(who, judgement, _last_check(result, region))


def _last_check(result: Result, region: str) -> dict[str, Any]:
    """What lists show of a monitor's newest check."""
    shown = result.model_dump(
        mode="json",
        exclude_none=True,
        include={"outcome", "reason", "message", "duration_ms", "phases", "facts"},
    )
    started = {} if result.started_at is None else {"started_at": iso(result.started_at)}
    return shown | started | {"region": region, "slot": iso(result.slot)}
