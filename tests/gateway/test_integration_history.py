"""A monitor's history through the API, on a real database."""

from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.gateway.acting import CAUSE, Api, World, a_monitor

from vedette.core.instants import iso, to_ms
from vedette.gateway.api import metrics
from vedette.gateway.store import history


@pytest.fixture
async def monitor(api: Api) -> str:
    """The id of a monitor."""
    created = await api.create("/monitors", a_monitor())
    return str(created["id"])


async def test_checks_come_newest_first_and_page_by_page(
    api: Api, world: World, monitor: str
) -> None:
    for minutes in range(4):
        for region in ("east", "west"):
            await world.check(monitor, world.ago(minutes=minutes), region=region)
    seen = []
    cursor = ""
    while True:
        page = (await api.get(f"/monitors/{monitor}/checks?limit=3{cursor}")).body
        seen += [(check["slot"], check["region"]) for check in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    expected = [
        (iso(to_ms(world.ago(minutes=minutes))), region)
        for minutes in range(4)
        for region in ("west", "east")
    ]
    assert seen == expected


async def test_checks_are_found_however_far_apart_they_are(
    api: Api, world: World, monitor: str
) -> None:
    ages = [-2, 0.5, 3, 40, 44, 300, 3000]
    for days in ages:
        await world.check(monitor, world.ago(days=days))
    every = (await api.get(f"/monitors/{monitor}/checks?limit=7")).body["items"]
    assert [check["slot"] for check in every] == [iso(to_ms(world.ago(days=d))) for d in ages]
    some = (await api.get(f"/monitors/{monitor}/checks?limit=4")).body
    assert some["items"] == every[:4]
    rest = (await api.get(f"/monitors/{monitor}/checks?cursor={some['next']}")).body
    assert (rest["items"], rest["next"]) == (every[4:], None)


async def test_checks_are_filtered_and_carry_evidence_when_asked(
    api: Api, world: World, monitor: str
) -> None:
    await world.check(monitor, world.ago(minutes=1))
    evidence = {"headers": {"server": "x"}, "body": "oops", "truncated": False}
    hop = {"url": "http://a/", "status": 302, "ip": "192.0.2.1", "phases": {"connect": 1.5}}
    more = {"evidence": evidence, "detail": {"hops": [hop]}}
    await world.check(monitor, world.ago(minutes=2), "down", reason="status", **more)
    since = iso(to_ms(world.ago(minutes=3)))
    page = await api.get(f"/monitors/{monitor}/checks?outcome=down&since={since}&evidence=true")
    (check,) = page.body["items"]
    assert check["evidence"] == evidence
    assert check["hops"] == [hop]
    assert (check["reason"], check["duration_ms"]) == ("status", 12.5)
    assert (check["phases"], check["facts"]) == ({"connect": 1.5}, {"status": 200})
    plain = (await api.get(f"/monitors/{monitor}/checks?until={since}")).body
    assert plain == {"items": [], "next": None}
    unasked = (await api.get(f"/monitors/{monitor}/checks?outcome=down")).body["items"]
    assert unasked[0]["evidence"] is None


async def test_instants_beyond_every_calendar_find_what_there_is(
    api: Api, world: World, monitor: str
) -> None:
    await world.check(monitor, world.now)
    query = "since=0001-01-01T00:00:00%2B14:00&until=9999-12-31T23:59:59-14:00"
    answer = await api.get(f"/monitors/{monitor}/checks?{query}")
    assert (answer.status, len(answer.body["items"])) == (200, 1)
    naive = await api.get(f"/monitors/{monitor}/checks?since=2026-01-01T00:00:00")
    assert (naive.status, naive.fields) == (400, ["since"])


async def test_the_state_tells_why(api: Api, world: World, monitor: str) -> None:
    await world.standing(monitor, "down", world.ago(minutes=5), sequence=4, cause=CAUSE)
    state = (await api.get(f"/monitors/{monitor}/state")).body
    assert (state["state"], state["sequence"]) == ("down", 4)
    assert state["cause"]["reason"] == "connect_refused"
    assert state["since"] == iso(to_ms(world.ago(minutes=5)))


async def test_spans_come_newest_first(api: Api, world: World, monitor: str) -> None:
    await world.spans(
        monitor, ("pending", world.ago(hours=3)), ("up", world.ago(hours=2)), ("down", world.now)
    )
    first = (await api.get(f"/monitors/{monitor}/spans?limit=2")).body
    assert [span["state"] for span in first["items"]] == ["down", "up"]
    assert first["items"][0]["ended_at"] is None
    rest = (await api.get(f"/monitors/{monitor}/spans?cursor={first['next']}")).body
    assert [span["state"] for span in rest["items"]] == ["pending"]


async def test_uptime_adds_up(api: Api, world: World, monitor: str) -> None:
    await world.born(monitor, world.ago(days=2))
    await world.standing(monitor, "up", world.ago(hours=6))
    await world.spans(
        monitor,
        ("pending", world.ago(days=2)),
        ("up", world.ago(hours=47)),
        ("down", world.ago(hours=12)),
        ("up", world.ago(hours=6)),
    )
    windows = (await api.get(f"/monitors/{monitor}/uptime")).body["windows"]
    day, week = windows["24h"], windows["7d"]
    assert day["uptime"] == pytest.approx(0.75, abs=1e-4)
    assert day["down_s"] == 6 * 3600
    assert week["pending_s"] == 3600
    sums = sum(week[f"{s}_s"] for s in ("up", "degraded", "down", "unknown", "paused", "pending"))
    assert sums == pytest.approx(2 * 86_400, abs=60)
    assert week["seen_s"] == week["up_s"] + week["down_s"]


@pytest.mark.parametrize("hours", [0, 1, 1.5, 7, 19.5, 20, 1000])
async def test_spans_are_read_as_far_back_as_they_are_asked_for(
    api: Api, world: World, hours: float
) -> None:
    monitors, since = [], world.ago(hours=hours)
    for count in (3, 1, 20):
        id = (await api.create("/monitors", a_monitor()))["id"]
        states = [("up", "down")[number % 2] for number in range(count)]
        starts = [world.ago(hours=count - number) for number in range(count)]
        await world.spans(id, *zip(states, starts, strict=True))
        monitors.append(UUID(id))
    every = await world.pool.fetch("select monitor_id, state, started_at, ended_at from span")
    asked = monitors[1:]
    async with world.pool.acquire() as db:
        found = await history.spans_since(db, world.workspace, asked, since)
    assert {tuple(row) for row in found} == {
        tuple(row)
        for row in every
        if row["monitor_id"] in asked and (row["ended_at"] is None or row["ended_at"] > since)
    }


async def test_without_a_vote_for_long_the_rest_is_not_seen(
    api: Api, world: World, monitor: str
) -> None:
    await world.born(monitor, world.ago(hours=10))
    await world.standing(
        monitor, "up", world.ago(hours=10), last_vote=world.ago(hours=5, minutes=3)
    )
    await world.spans(monitor, ("up", world.ago(hours=10)))
    day = (await api.get(f"/monitors/{monitor}/uptime")).body["windows"]["24h"]
    assert day["uptime"] == 1
    assert day["up_s"] == 5 * 3600
    assert day["unknown_s"] == pytest.approx(5 * 3600, abs=60)


async def test_a_monitor_nobody_looked_at_has_no_uptime(api: Api, monitor: str) -> None:
    day = (await api.get(f"/monitors/{monitor}/uptime")).body["windows"]["24h"]
    assert day["uptime"] is None
    assert day["seen_s"] == 0


async def test_metrics_speak_as_blackbox_exporter(api: Api, world: World, monitor: str) -> None:
    last = {"outcome": "down", "duration_ms": 250, "phases": {"first_byte": 100},
            "facts": {"status": 503}}  # fmt: skip
    await world.standing(monitor, "down", world.now, last_check=last)
    text = (await api.get("/metrics")).body
    labels = f'kind="http",monitor="{monitor}",name="Shop"'
    assert f"probe_success{{{labels}}} 0.0" in text
    assert f"probe_duration_seconds{{{labels}}} 0.25" in text
    assert f"probe_http_status_code{{{labels}}} 503.0" in text
    assert f'probe_http_duration_seconds{{{labels},phase="processing"}} 0.1' in text


async def test_metrics_tell_of_all_monitors_whatever_they_are_called(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_AT_A_TIME", 2)
    names = ["plain", 'a "b"', "a\\b\\", "a\nb", "ünïcode {}"]
    for name in names:
        id = (await api.create("/monitors", a_monitor(name=name)))["id"]
        await world.standing(id, "up", world.now, last_check={"outcome": "up", "duration_ms": 0.5})
    families = text_string_to_metric_families((await api.get("/metrics")).body)
    samples = {family.name: family.samples for family in families}
    assert [one.labels["name"] for one in samples["probe_success"]] == names
    assert [one.value for one in samples["probe_duration_seconds"]] == [0.0005] * len(names)
    assert [one.value for one in samples["probe_http_status_code"]] == [0] * len(names)


async def test_a_check_that_saw_nothing_makes_no_metric(
    api: Api, world: World, monitor: str
) -> None:
    await world.standing(monitor, "up", world.now, last_check={"outcome": "internal_error"})
    assert monitor not in (await api.get("/metrics")).body


VOTES = [
    {"region": "fra", "outcome": "down", "reason": "connect_refused"},
    {"region": "sgp", "outcome": "up", "late": True},
]


async def test_a_vote_that_came_too_late_is_shown_as_such(
    api: Api, world: World, monitor: str
) -> None:
    slot = world.ago(minutes=1)
    await world.check(monitor, slot, "down", region="fra")
    await world.check(monitor, slot, region="sgp", late=True)
    checks = (await api.get(f"/monitors/{monitor}/checks")).body["items"]
    assert [(check["region"], check["late"]) for check in checks] == [("sgp", True), ("fra", False)]


async def test_an_incident_shows_all_votes_of_its_deciding_round(
    api: Api, world: World, monitor: str
) -> None:
    await world.incident(monitor, world.ago(minutes=5))
    assert (await api.get("/incidents")).body["items"][0]["cause"]["votes"] == []
    await world.spans(monitor, ("down", world.ago(minutes=5)))
    await world.pool.execute("update span set cause = $1", {**CAUSE, "votes": VOTES})
    (incident,) = (await api.get("/incidents")).body["items"]
    votes = incident["cause"]["votes"]
    assert [(vote["region"], vote["outcome"], vote["late"]) for vote in votes] == [
        ("fra", "down", False),
        ("sgp", "up", True),
    ]
