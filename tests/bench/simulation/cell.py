"""One cell: schedulers, a queue a region, probers, a queue of results, processors, PostgreSQL.

What moves is the message: a batch of up to 100 jobs. Each stage is worked off in the order of
arrival before the next one begins, for no stage waits for a later one (back-pressure, which would
turn waiting into missed slots, is left out, and waiting is told instead).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from tests.bench.simulation.arrivals import spread
from tests.bench.simulation.costs import Costs
from tests.bench.simulation.figures import Timeline, Waits
from tests.bench.simulation.packing import batches, gathered
from tests.bench.simulation.station import Outage, Station

_PORTIONS = 5


@dataclass(frozen=True, slots=True)
class Layout:
    """How many of each a cell has. Probers are of each region, and so are their cores."""

    monitors: int
    interval_s: int
    regions: int
    schedulers: int
    probers: int
    processors: int
    postgres_cores: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """For how long it is simulated, and when all probers of the first region are gone."""

    seconds: int
    loss: Outage | None = None


@dataclass(slots=True)
class Run:
    """What came of it."""

    scheduled: int = 0
    seen: int = 0
    missed: int = 0
    lost_work: int = 0
    """Jobs that were under way when their prober vanished: they were given out again."""
    lateness: Waits = field(default_factory=Waits)
    """Slot to start, of all regions."""
    lateness_after: Timeline = field(default_factory=Timeline)
    """The same, of the first region, second by second of its slots."""
    backlog: Timeline = field(default_factory=Timeline)
    """Jobs in the queue of the first region."""
    verdict: Waits = field(default_factory=Waits)
    """Result to verdict."""
    last_verdict_s: float = 0.0
    used: dict[str, float] = field(default_factory=dict)
    """The share of its servers' time that each station worked."""


@dataclass(frozen=True, slots=True)
class _Batch:
    slot: float
    arrival: float
    jobs: int


def simulate(layout: Layout, costs: Costs, scenario: Scenario, seed: int) -> Run:
    """Let slots fall due for so long, and see every one of them to its end."""
    random, run = Random(seed), Run()
    schedulers = [Station(1) for _ in range(layout.schedulers)]
    sent = _sent(layout, costs, scenario, random, schedulers)
    messages: list[tuple[float, int]] = []
    probers = []
    for region, jobs in enumerate(sent):
        run.scheduled += sum(batch.jobs for batch in jobs)
        lost = scenario.loss if region == 0 else None
        station = Station(layout.probers, lost, layout.probers * costs.places)
        probers.append(station)
        results: list[tuple[float, int]] = []
        _probe(_queued(jobs, costs), station, costs, run, results, random, watched=region == 0)
        messages += gathered(
            results, probers=layout.probers, wait_s=costs.result_wait_s, most=int(costs.batch)
        )
    processors, postgres = Station(layout.processors), Station(layout.postgres_cores)
    _judge(messages, processors, postgres, costs, run)
    stations = {"scheduler": schedulers, "prober": probers}
    stations |= {"processor": [processors], "postgres": [postgres]}
    run.used = {
        name: sum(one.busy_s for one in all_of)
        / (sum(one.servers for one in all_of) * scenario.seconds)
        for name, all_of in stations.items()
    }
    return run


def _sent(
    layout: Layout, costs: Costs, scenario: Scenario, random: Random, schedulers: list[Station]
) -> list[list[_Batch]]:
    """The batches of each region, as they leave the schedulers."""
    ticks = round(layout.interval_s / costs.tick_s)
    share = [layout.monitors // layout.regions] * layout.regions
    share[0] += layout.monitors - sum(share)
    plans = [spread(monitors, ticks * len(schedulers), random) for monitors in share]
    sent: list[list[_Batch]] = [[] for _ in plans]
    for tick in range(round(scenario.seconds / costs.tick_s)):
        slot = costs.lookahead_s + tick * costs.tick_s
        for number, scheduler in enumerate(schedulers):
            mine = tick % ticks * len(schedulers) + number
            for plan, out in zip(plans, sent, strict=True):
                for jobs in batches(plan[mine], int(costs.batch)):
                    begin = scheduler.begin(slot - costs.lookahead_s)
                    end = scheduler.serve(begin, costs.work_s("scheduler", jobs))
                    out.append(_Batch(slot, end, jobs))
    return sent


def _queued(jobs: list[_Batch], costs: Costs) -> Iterator[_Batch]:
    """Through the region's queue, which is one process of RabbitMQ's."""
    queue = Station(1)
    for batch in sorted(jobs, key=lambda batch: batch.arrival):
        begin = queue.begin(batch.arrival)
        end = queue.serve(begin, costs.queue_s(batch.jobs))
        yield _Batch(batch.slot, end, batch.jobs)


def _probe(
    jobs: Iterator[_Batch],
    station: Station,
    costs: Costs,
    run: Run,
    results: list[tuple[float, int]],
    random: Random,
    *,
    watched: bool,
) -> None:
    """A prober takes a batch, and works on each of its checks from that check's slot on."""
    for batch in jobs:
        run_by = batch.slot + costs.run_by_s
        begin = station.begin(max(batch.arrival, batch.slot), batch.jobs)
        hung = int(batch.jobs * costs.hanging + random.random())
        # A message for the results, too.
        work_s = costs.work_s("prober", batch.jobs, 2)
        done = begin + work_s + costs.check_s
        if begin <= run_by and station.interrupts(begin, done):
            run.lost_work += batch.jobs
            begin = station.begin(station.outage.begins if station.outage else begin, batch.jobs)
        if watched:
            run.backlog.span(batch.arrival, min(begin, run_by), batch.jobs)
        if begin > run_by:
            run.missed += batch.jobs
            results.append((run_by, batch.jobs))
            continue
        end = station.serve(begin, work_s)
        run.seen += batch.jobs
        # On time, its checks begin as their slots come; late, as fast as they can.
        lasts_s = costs.tick_s if begin <= batch.slot + costs.tick_s else work_s
        _note_lateness(batch, begin, costs, run, watched=watched)
        for count, took_s in ((batch.jobs - hung, costs.check_s), (hung, costs.timeout_s)):
            if count:
                station.hold(end + took_s, count)
                results += _spread(begin + took_s, lasts_s, count)


def _spread(begin: float, lasts_s: float, count: int) -> list[tuple[float, int]]:
    """Results that come evenly over a while, in some portions."""
    return [
        (begin + (number + 1) / _PORTIONS * lasts_s, share)
        for number in range(_PORTIONS)
        if (share := count // _PORTIONS + (number < count % _PORTIONS))
    ]


def _note_lateness(batch: _Batch, begin: float, costs: Costs, run: Run, *, watched: bool) -> None:
    """Of three checks for all of a batch: its slots lie evenly within a tick."""
    for part in (1 / 6, 1 / 2, 5 / 6):
        started = begin + part * batch.jobs * costs.prober_s
        late = max(started - batch.slot - part * costs.tick_s, 0.0)
        run.lateness.add(late, batch.jobs / 3)
        if watched:
            run.lateness_after.most(batch.slot, late)


def _judge(
    messages: list[tuple[float, int]],
    processors: Station,
    postgres: Station,
    costs: Costs,
    run: Run,
) -> None:
    queue, stored = Station(1), []
    for at, count in sorted(messages):
        arrived = queue.serve(queue.begin(at), costs.queue_s(count))
        begin = processors.begin(arrived)
        stored.append((processors.serve(begin, costs.work_s("processor", count)), at, count))
    for at, result, count in sorted(stored):
        begin = postgres.begin(at)
        end = postgres.serve(begin, costs.work_s("postgres", count))
        run.verdict.add(end - result, count)
        run.last_verdict_s = max(run.last_verdict_s, end)
