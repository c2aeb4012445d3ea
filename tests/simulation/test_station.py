"""The simulation's station waits as queueing theory says, and stands still in an outage."""

from __future__ import annotations

from math import factorial, sqrt
from random import Random

import pytest
from tests.bench.simulation.arrivals import binomial, spread
from tests.bench.simulation.figures import Timeline, Waits
from tests.bench.simulation.packing import batches, gathered
from tests.bench.simulation.station import Outage, Station, passed

WORK_S = 1.0
CUSTOMERS = 100_000


def mean_wait(servers: int, load: float, seed: int = 1) -> float:
    """Of customers who come by a Poisson process, served in the same time each."""
    random, at, arrivals = Random(seed), 0.0, []
    for _ in range(CUSTOMERS):
        at += random.expovariate(servers * load / WORK_S)
        arrivals.append(at)
    spans = passed(Station(servers), [(at, WORK_S) for at in arrivals])
    return sum(begin - at for at, (begin, _) in zip(arrivals, spans, strict=True)) / CUSTOMERS


def of_mdc(servers: int, load: float) -> float:
    """The mean wait in M/D/c: exact for one server, else by the formula of Cosmetatos."""
    offered = servers * load
    last = offered**servers / factorial(servers) / (1 - load)
    erlang = last / (sum(offered**k / factorial(k) for k in range(servers)) + last)
    of_mmc = erlang * WORK_S / (servers * (1 - load))
    more = (1 - load) * (servers - 1) * (sqrt(4 + 5 * servers) - 2) / (16 * load * servers)
    return of_mmc / 2 * (1 + more)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (1, 0.8), (2, 0.7), (4, 0.8), (10, 0.8)])
def test_waiting_is_that_of_m_d_c(servers: int, load: float) -> None:
    assert mean_wait(servers, load) == pytest.approx(of_mdc(servers, load), rel=0.06)


def test_work_goes_to_the_first_server_that_is_free() -> None:
    spans = passed(Station(2), [(0, 5), (0, 1), (0.5, 1), (9, 1)])
    assert spans == [(0, 5), (0, 1), (1, 2), (9, 10)]


def test_nothing_begins_in_an_outage_and_everything_after_it() -> None:
    station = Station(1, Outage(10, 20))
    assert passed(station, [(9, 3), (11, 1), (12, 1)]) == [(9, 12), (20, 21), (21, 22)]
    assert station.interrupts(9, 12)
    assert not station.interrupts(21, 22)


def test_work_waits_for_places() -> None:
    station = Station(4, places=10)
    station.hold(5.0, 8)
    assert station.begin(1, jobs=2) == 1
    assert station.begin(1, jobs=3) == 5


@pytest.mark.parametrize("monitors", [0, 7, 10_000, 1_000_003])
def test_every_monitor_falls_into_one_tick(monitors: int) -> None:
    counts = spread(monitors, 240, Random(3))
    assert sum(counts) == monitors
    assert len(counts) == 240
    if monitors > 10_000:
        assert max(counts) < 1.1 * monitors / 240


def test_draws_come_up_as_often_as_they_should() -> None:
    random = Random(5)
    for n, p in ((20, 0.3), (10_000, 0.01), (10_000, 0.5)):
        drawn = [binomial(n, p, random) for _ in range(2_000)]
        assert sum(drawn) / len(drawn) == pytest.approx(n * p, rel=0.03)


def test_slots_are_packed_as_the_scheduler_packs_them() -> None:
    assert batches(250, 100) == [100, 100, 50]
    assert batches(0, 100) == []


def test_results_go_out_by_prober_and_moment_and_none_is_lost() -> None:
    results = [(0.01, 3), (0.02, 1), (0.06, 500), (0.3, 1)]
    sent = list(gathered(results, probers=3, wait_s=0.05, most=100))
    assert sum(count for _, count in sent) == 505
    assert sent[:3] == [(0.05, 2), (0.05, 1), (0.05, 1)]
    assert sent[3:8] == [(0.1, 100)] * 5
    assert len(sent) == 9


def test_shares_are_right_to_six_percent() -> None:
    waits = Waits()
    for number in range(1, 1001):
        waits.add(number / 1000)
    assert waits.share(0.5) == pytest.approx(0.5, rel=0.06)
    assert waits.share(0.99) == pytest.approx(0.99, rel=0.06)
    assert waits.share(1) == waits.most_s == 1
    assert waits.mean_s == pytest.approx(0.5005)


def test_a_timeline_knows_its_height_and_when_it_was_last_high() -> None:
    line = Timeline()
    line.span(0, 10, 5)
    line.span(5, 7, 3)
    assert max(line.levels()) == 8
    line.most(3.2, 0.5)
    line.most(3.9, 2.0)
    line.most(8, 0.1)
    assert line.last_over(1) == 3
