"""`vedette events tail`, over RabbitMQ's stream and without one."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import aio_pika
import pytest
from tests.calling import Ended, call

from vedette.bus.api import Bus, Exchange, Outgoing, Retention
from vedette.bus.connect import open_bus
from vedette.bus.topology import EVENTS_STREAM
from vedette.cli.events.since import instant
from vedette.core.errors import Permanent, Transient
from vedette.core.events import ChannelTest, Event, EventData, MonitorCreated, MonitorRef
from vedette.runtime.background import background
from vedette.store import outbox
from vedette.store.pool import open_pool, transaction
from vedette.testing.process import Child
from vedette.testing.rabbitmq import Broker, running_rabbitmq
from vedette.testing.waiting import eventually

KEPT = Retention(age_s=3600, octets=10_000_000)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def created(name: str) -> MonitorCreated:
    return MonitorCreated(monitor=MonitorRef(id=uuid4(), name=name, kind="tcp", target="x:1"))


def trial() -> ChannelTest:
    return ChannelTest(channel_id=uuid4(), channel_name="mail", test_id=uuid4())


def event(data: EventData, age_s: float = 0) -> Event:
    return Event.of(data, workspace=uuid4(), at_ms=int((time.time() - age_s) * 1000))


def outgoing(event: Event) -> Outgoing:
    return Outgoing(key=event.name, body=event.model_dump_json().encode(), id=str(event.id))


@pytest.fixture
async def own_broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """One whose stream holds what the test says, and nothing else."""
    async with running_rabbitmq(tmp_path / "rabbitmq") as broker:
        yield broker


@pytest.fixture
async def bus(own_broker: Broker) -> AsyncIterator[Bus]:
    async with open_bus(own_broker.url, retention=KEPT) as bus:
        yield bus


async def tail(environment: dict[str, str], *words: str) -> Ended:
    return await call(["events", "tail", *words], environment)


def ids(ended: Ended) -> list[str]:
    assert ended.code == 0, ended.stderr
    return [json.loads(line)["id"] for line in ended.stdout.splitlines()]


async def following(environment: dict[str, str], log: Path, *words: str) -> Child:
    argv = [sys.executable, "-m", "vedette.cli.main", "events", "tail", "--json", *words]
    return await Child.start(argv, log=log, env={**os.environ, **environment})


@asynccontextmanager
async def heard_before(broker: Broker, bus: Bus, log: Path) -> AsyncIterator[tuple[Child, Event]]:
    """Somebody who follows, and has told of an event."""
    child = await following({"VEDETTE_AMQP_URL": broker.url}, log, "--since", "1h")
    try:
        before = event(created("before"))
        await bus.publish(Exchange.EVENTS, [outgoing(before)])
        await eventually(lambda: str(before.id) in log.read_text(), within=30)
        yield child, before
    finally:
        await child.close()


async def test_what_happened_is_printed_by_time_and_type(own_broker: Broker, bus: Bus) -> None:
    there = {"VEDETTE_AMQP_URL": own_broker.url}
    assert ids(await tail(there, "--no-follow", "--json")) == []
    old, shop, test = event(created("Old"), 7200), event(created("Shop")), event(trial())
    await bus.publish(Exchange.EVENTS, [outgoing(one) for one in (old, shop, test)])

    everything = await tail(there, "--no-follow", "--json")
    assert ids(everything) == [str(old.id), str(shop.id), str(test.id)]
    assert json.loads(everything.stdout.splitlines()[1]) == json.loads(shop.model_dump_json())
    late = await tail(there, "--no-follow", "--json", "--since", "1h")
    assert ids(late) == [str(shop.id), str(test.id)]
    some = await tail(there, "--no-follow", "--json", "--type", "channel.*", "--type", "x.#")
    assert ids(some) == [str(test.id)]
    told = await tail(there, "--no-follow", "--type", "monitor.*", "--since", "1h")
    assert "monitor.created" in told.stdout
    assert "Shop" in told.stdout
    assert "Old" not in told.stdout


async def test_more_than_a_handful_comes_whole_and_in_order(own_broker: Broker, bus: Bus) -> None:
    sent = [event(created(f"m{number}")) for number in range(1000)]
    for start in range(0, 1000, 200):
        await bus.publish(Exchange.EVENTS, [outgoing(one) for one in sent[start : start + 200]])
    found = await tail({"VEDETTE_AMQP_URL": own_broker.url}, "--no-follow", "--json")
    assert ids(found) == [str(one.id) for one in sent]


async def test_following_goes_on_after_the_broker_was_away(
    own_broker: Broker, bus: Bus, tmp_path: Path
) -> None:
    log = tmp_path / "tail.log"
    async with heard_before(own_broker, bus, log) as (_, before):
        after = event(created("after"))
        await own_broker.restart()

        async def published() -> bool:
            try:
                await bus.publish(Exchange.EVENTS, [outgoing(after)])
            except Transient:
                return False
            return True

        await eventually(published, within=30)
        await eventually(lambda: str(after.id) in log.read_text(), within=30)
        assert log.read_text().count(str(before.id)) == 1


async def test_following_notices_that_the_stream_is_gone(
    own_broker: Broker, bus: Bus, tmp_path: Path
) -> None:
    log = tmp_path / "tail.log"
    async with heard_before(own_broker, bus, log) as (child, _):
        async with await aio_pika.connect(own_broker.url) as connection:
            await (await connection.channel()).queue_delete(EVENTS_STREAM)
        assert await child.wait() == 1
        assert "RabbitMQ has no stream" in log.read_text()


async def test_a_stream_that_is_gone_is_made_again_after_a_restart(
    own_broker: Broker, bus: Bus
) -> None:
    async with await aio_pika.connect(own_broker.url) as connection:
        await (await connection.channel()).queue_delete(EVENTS_STREAM)
    assert "has no stream" in (await tail({"VEDETTE_AMQP_URL": own_broker.url})).stderr
    await own_broker.restart()
    await eventually(bus.healthy, within=30)
    news = event(created("again"))

    async def heard() -> bool:
        await bus.publish(Exchange.EVENTS, [outgoing(news)])
        found = await tail({"VEDETTE_AMQP_URL": own_broker.url}, "--no-follow", "--json")
        return str(news.id) in found.stdout

    await eventually(heard, within=60)


async def test_without_a_broker_the_database_tells(database: str, tmp_path: Path) -> None:
    there = {"VEDETTE_AMQP_URL": "", "VEDETTE_DATABASE_URL": database}
    shop, test, news = event(created("Shop")), event(trial()), event(created("News"))
    async with (
        open_pool(database, size=4, application="test") as pool,
        open_bus(None) as bus,
    ):
        await pool.execute("delete from outbox")
        async with transaction(pool) as db:
            await outbox.put(db, [shop, test])
        # The handlers of our queues are what a local bus waits for; here, none of them is.
        bus._queues.clear()  # type: ignore[attr-defined]
        async with background("relay", outbox.Relay(pool, bus).run):

            async def gone() -> bool:
                return not await pool.fetchval("select count(*) from outbox")

            await eventually(gone)
            found = await tail(there, "--no-follow", "--json", "--since", "10m")
            assert ids(found) == [str(shop.id), str(test.id)]
            log = tmp_path / "tail.log"
            child = await following(there, log, "--since", "10m", "--type", "monitor.*")
            try:
                await eventually(lambda: str(shop.id) in log.read_text(), within=30)
                async with transaction(pool) as db:
                    await outbox.put(db, [news])
                await eventually(lambda: str(news.id) in log.read_text(), within=30)
            finally:
                await child.close()
    assert str(test.id) not in log.read_text()


async def test_trouble_is_told_in_a_line(tmp_path: Path) -> None:
    nowhere = {"VEDETTE_AMQP_URL": "amqp://guest:guest@127.0.0.1:1/"}
    away = await tail(nowhere, "--no-follow")
    assert away.code == 1
    assert away.stderr.startswith("error: RabbitMQ: ")
    nothing = {
        "VEDETTE_AMQP_URL": "",
        "VEDETTE_DATABASE_URL": "",
        "VEDETTE_DATA_DIR": str(tmp_path),
    }
    assert "VEDETTE_DATABASE_URL" in (await tail(nothing)).stderr
    assert "--since yesterday" in (await tail(nowhere, "--since", "yesterday")).stderr


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+01:00", datetime(2026, 1, 31, 11, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_instants_are_read(written: str, at: datetime) -> None:
    assert instant(written, NOW) == at


@pytest.mark.parametrize("written", ["", "1w", "h", "-1h", "noon"])
def test_other_words_are_no_instants(written: str) -> None:
    with pytest.raises(Permanent, match="--since"):
        instant(written, NOW)
