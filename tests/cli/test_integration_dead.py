"""`vedette dead` over what a service could not deal with, on either bus."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from prometheus_client import REGISTRY
from tests.calling import Ended, call

from vedette.bus.api import Binding, Bus, Exchange, Handler, Message, Outgoing, Queue
from vedette.bus.connect import open_bus
from vedette.bus.consuming import consuming
from vedette.bus.topology import DEAD, jobs
from vedette.core.errors import Permanent
from vedette.processor.dead.care import DeadCare
from vedette.runtime.background import background
from vedette.store.pool import Pool, open_pool
from vedette.testing.waiting import eventually

BODY = b'{"a":1}'
JOBS = {
    "region": "eu",
    "jobs": [
        {
            "monitor_id": str(uuid4()),
            "revision": 1,
            "slot": 1000,
            "run_by": 2000,
            "definition": {
                "kind": "http",
                "target": {"url": "https://me:hush1@shop.example/", "headers": {"X": "hush2"}},
                "timeout_s": 5,
            },
        }
    ],
}  # fmt: skip


class Consumer:
    """Refuses what it gets until it is mended."""

    def __init__(self) -> None:
        self.error: Exception | None = Permanent("no such thing")
        self.heard: list[Message] = []

    async def __call__(self, message: Message) -> None:
        if self.error is not None:
            raise self.error
        self.heard.append(message)


@pytest.fixture(params=["local", "amqp"])
def bus_url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("broker").url if request.param == "amqp" else None


@pytest.fixture
async def bus(bus_url: str | None) -> AsyncIterator[Bus]:
    async with open_bus(bus_url) as opened:
        yield opened


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=8, application="test") as pool:
        yield pool


@pytest.fixture
async def care(bus: Bus, pool: Pool) -> AsyncIterator[DeadCare]:
    care = DeadCare(pool, bus)
    async with (
        consuming(bus, {DEAD: care.keep}, prefetch=4, drain_s=5),
        background("dead", care.run),
    ):
        yield care


@pytest.fixture
async def queue(bus: Bus) -> Queue:
    name = f"test-{uuid4().hex[:12]}"
    queue = Queue(name, (Binding(Exchange.RESULTS, f"{name}.*"),))
    await bus.declare(queue)
    return queue


async def vedette(database: str, *words: str, stdin: str = "") -> Ended:
    """The command, as a person calls it."""
    return await call(["dead", *words], {"VEDETTE_DATABASE_URL": database}, stdin=stdin)


async def kept(pool: Pool, queue: Queue) -> list[str]:
    """The ids of what is parked from a queue."""
    rows = await pool.fetch(
        "select id from dead_message where queue = $1 order by parked_at", queue.name
    )
    return [str(row["id"]) for row in rows]


async def park(bus: Bus, queue: Queue, pool: Pool, *bodies: bytes) -> list[str]:
    """Have messages parked by a consumer that can't deal with them; their ids."""
    async with consuming(bus, {queue: Consumer()}, prefetch=4, drain_s=5):
        sent = [
            Outgoing(
                key=f"{queue.name}.x", body=body, id=f"m-{number}", reply_to="r", headers={"h": "v"}
            )
            for number, body in enumerate(bodies)
        ]
        await bus.publish(Exchange.RESULTS, sent)

        async def all_there() -> list[str] | None:
            ids = await kept(pool, queue)
            return ids if len(ids) == len(bodies) else None

        found = await eventually(all_there)
        assert found is not None
        return found


@pytest.mark.usefixtures("care")
async def test_a_parked_message_is_listed_shown_and_put_back_whole(
    bus: Bus, queue: Queue, pool: Pool, database: str
) -> None:
    (id,) = await park(bus, queue, pool, BODY)
    result = await vedette(database, "list", "--queue", queue.name, "--json")
    (parked,) = json.loads(result.stdout)
    assert id == id
    assert (parked["queue"], parked["reason"], parked["attempts"]) == (queue.name, "permanent", 1)
    assert parked["detail"] == "Permanent: no such thing"

    table = await vedette(database, "list")
    assert id[:8] in table.stdout
    assert "no such thing" in table.stdout

    shown = json.loads((await vedette(database, "show", id[:8])).stdout)
    assert (shown["body"], shown["key"], shown["headers"]) == (
        {"a": 1},
        f"{queue.name}.x",
        {"h": "v"},
    )

    mended = Consumer()
    mended.error = None
    async with consuming(bus, {queue: mended}, prefetch=4, drain_s=5):
        tried = await vedette(database, "replay", id, "--dry-run")
        assert tried.stdout == f"would put {parked['id']} back into {queue.name}\n"
        assert len(await kept(pool, queue)) == 1
        result = await vedette(database, "replay", id)
        assert (result.code, result.stdout) == (0, "1 message put back\n"), result.stderr
        (again,) = mended.heard
    assert (again.key, again.body, again.id, again.reply_to, again.headers["h"]) == (
        f"{queue.name}.x",
        BODY,
        "m-0",
        "r",
        "v",
    )
    assert await kept(pool, queue) == []


@pytest.mark.usefixtures("care")
async def test_only_the_queue_it_came_from_gets_a_message_again(
    bus: Bus, queue: Queue, pool: Pool, database: str
) -> None:
    beside = Queue(f"{queue.name}-beside", queue.bindings)
    other, mended = Consumer(), Consumer()
    other.error = mended.error = None
    async with consuming(bus, {beside: other}, prefetch=4, drain_s=5):
        await park(bus, queue, pool, b"1", b"2", b"3")
        await eventually(lambda: len(other.heard) == 3)
        async with consuming(bus, {queue: mended}, prefetch=4, drain_s=5):
            result = await vedette(database, "replay", "--queue", queue.name, "--json")
            assert len(json.loads(result.stdout)["replayed"]) == 3
            await eventually(lambda: len(mended.heard) == 3)
        assert len(other.heard) == 3


@pytest.mark.usefixtures("care")
async def test_what_fails_again_is_parked_again(
    bus: Bus, queue: Queue, pool: Pool, database: str
) -> None:
    (id,) = await park(bus, queue, pool, BODY)
    async with consuming(bus, {queue: Consumer()}, prefetch=4, drain_s=5):
        assert (await vedette(database, "replay", id)).code == 0

        async def parked_anew() -> bool:
            return id not in await kept(pool, queue)

        await eventually(parked_anew)
    assert len(await kept(pool, queue)) == 1


@pytest.mark.usefixtures("care")
async def test_a_message_whose_queue_is_gone_stays_and_says_so(
    bus: Bus, queue: Queue, pool: Pool, database: str
) -> None:
    (id,) = await park(bus, queue, pool, BODY)
    await pool.execute("update dead_message set queue = 'gone' where queue = $1", queue.name)
    result = await vedette(database, "replay", id)
    assert result.code == 1
    assert "there is no queue gone any more" in result.stderr
    assert await pool.fetchval("select trouble from dead_message where queue = 'gone'") is not None


async def test_without_a_processor_a_replay_waits_for_one(
    bus: Bus, queue: Queue, pool: Pool, database: str
) -> None:
    care = DeadCare(pool, bus)
    async with consuming(bus, {DEAD: care.keep}, prefetch=4, drain_s=5):
        (id,) = await park(bus, queue, pool, BODY)
    result = await vedette(database, "replay", id, "--wait", "0.2")
    assert result.code == 1
    assert "1 are not put back yet" in result.stderr
    mended = Consumer()
    mended.error = None
    async with consuming(bus, {queue: mended}, prefetch=4, drain_s=5), background("c", care.run):
        await eventually(lambda: mended.heard)


async def test_a_replay_that_is_cut_off_comes_once_more(bus: Bus, queue: Queue, pool: Pool) -> None:
    """Killed after the queue had the message, before its row was gone."""
    care = DeadCare(pool, bus)
    async with consuming(bus, {DEAD: care.keep}, prefetch=4, drain_s=5):
        (id,) = await park(bus, queue, pool, BODY)
    mended = Consumer()
    mended.error = None
    async with consuming(bus, {queue: mended}, prefetch=4, drain_s=5):
        await bus.put(queue.name, Outgoing(key=f"{queue.name}.x", body=BODY, id="m-0"))
        await pool.execute("update dead_message set replay_at = now()")

        async def gone() -> bool:
            return id not in await kept(pool, queue)

        async with background("care", care.run):
            await eventually(lambda: len(mended.heard) == 2)
            await eventually(gone)
    assert {message.id for message in mended.heard} == {"m-0"}


async def test_a_message_that_is_parked_twice_is_kept_once(bus: Bus, pool: Pool) -> None:
    care = DeadCare(pool, bus)
    message = Message("q", BODY, id="7", headers={"vedette-dead-id": str(uuid4())})
    await care.keep(message)
    await care.keep(message)
    assert await pool.fetchval("select count(*) from dead_message") == 1


@pytest.mark.usefixtures("care")
async def test_dropping_asks_first(bus: Bus, queue: Queue, pool: Pool, database: str) -> None:
    await park(bus, queue, pool, b"1", b"2")
    refused = await vedette(database, "drop", "--queue", queue.name, stdin="n\n")
    assert refused.code == 1
    assert len(await kept(pool, queue)) == 2
    done = await vedette(database, "drop", "--queue", queue.name, "--yes")
    assert (done.code, done.stdout) == (0, "2 messages deleted\n")
    assert await kept(pool, queue) == []


@pytest.mark.usefixtures("care")
async def test_secrets_of_jobs_are_neither_kept_nor_shown(
    bus: Bus, database: str, pool: Pool
) -> None:
    region = f"r{uuid4().hex[:8]}"
    queue = jobs(region)
    await bus.declare(queue)
    async with consuming(bus, {queue: Consumer()}, prefetch=4, drain_s=5):
        await bus.publish(Exchange.JOBS, [Outgoing(key=region, body=orjson.dumps(JOBS))])
        (id,) = await eventually(lambda: kept(pool, queue))
    shown = await vedette(database, "show", id)
    (job,) = json.loads(shown.stdout)["body"]["jobs"]
    assert "hush" not in shown.stdout
    assert job["slot"] == 1000
    assert "not kept" in job["definition"]["obstacle"]
    assert b"hush" not in await pool.fetchval("select body from dead_message")


async def test_jobs_that_no_prober_can_deal_with_are_accounted_for_as_missed(
    bus: Bus, pool: Pool
) -> None:
    region = f"r{uuid4().hex[:8]}"
    late = Queue(f"late-{region}", (Binding(Exchange.RESULTS, f"late.{region}"),))
    broken, missed = Consumer(), Consumer()
    queue = Queue(f"j-{region}", (Binding(Exchange.JOBS, region),), expired=late.bindings[0])
    broken.error, missed.error = ValueError("a bug"), None
    care = DeadCare(pool, bus)
    table: dict[Queue, Handler] = {queue: broken, late: missed, DEAD: care.keep}
    async with consuming(bus, table, prefetch=4, drain_s=5):
        await bus.publish(Exchange.JOBS, [Outgoing(key=region, body=BODY)])
        await eventually(lambda: missed.heard)
    assert missed.heard[0].body == BODY
    row = await pool.fetchrow("select reason, attempts, detail from dead_message")
    assert row is not None
    assert tuple(row) == ("unexpected", 4, "ValueError: a bug")


@pytest.mark.usefixtures("care")
async def test_metrics_tell_how_many_are_parked_and_why(
    bus: Bus, queue: Queue, pool: Pool, database: str
) -> None:
    await park(bus, queue, pool, b"1", b"2")
    await pool.execute("notify vedette_dead")
    labels = {"queue": queue.name, "reason": "permanent"}
    await eventually(lambda: REGISTRY.get_sample_value("vedette_dead_messages", labels) == 2)
    assert REGISTRY.get_sample_value("vedette_dead_oldest_seconds", labels) is not None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "zz"], "is no id"),
        (["show", "abcd"], "no parked message has the id abcd"),
        (["replay"], "name ids, or choose by --all"),
        (["replay", "abcd", "--all"], "not both"),
        (["drop", "--yes"], "name ids, or choose by --all"),
    ],
)
async def test_what_makes_no_sense_is_refused(database: str, words: list[str], says: str) -> None:
    result = await vedette(database, *words)
    assert result.code == 1
    assert says in result.stderr


async def test_without_a_database_it_says_what_to_do(tmp_path: Any) -> None:
    environment = {"VEDETTE_DATABASE_URL": "", "VEDETTE_DATA_DIR": str(tmp_path)}
    result = await call(["dead", "list"], environment)
    assert result.code == 1
    assert "set VEDETTE_DATABASE_URL" in result.stderr
    unreachable = {"VEDETTE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    result = await call(["dead", "list"], unreachable)
    assert result.code == 1
    assert "error: database" in result.stderr
