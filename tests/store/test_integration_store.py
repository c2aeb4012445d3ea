"""What services share of the store, on real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import asyncpg
import pytest

from vedette.bus.api import Exchange, Message, Outgoing
from vedette.bus.connect import open_bus
from vedette.bus.consuming import consuming
from vedette.bus.local import LocalBus
from vedette.bus.topology import STATES
from vedette.core.errors import Transient
from vedette.core.events import Event, MonitorDeleted, MonitorRef
from vedette.runtime.background import background
from vedette.store import inbox, outbox
from vedette.store.cache import Cache, MemoryCache, RedisCache
from vedette.store.migrate import migrate
from vedette.store.pool import Pool, connection, open_pool, transaction, transient_errors
from vedette.store.schema import check_schema
from vedette.testing.ports import free_port
from vedette.testing.postgres import fresh_database, reachable_postgres
from vedette.testing.server import Server
from vedette.testing.waiting import eventually


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=8, application="test") as opened:
        yield opened


def an_event(number: int = 0) -> Event:
    ref = MonitorRef(id=UUID(int=number), name=f"{number}", kind="http", target="x")
    return Event.of(MonitorDeleted(monitor=ref), workspace=UUID(int=1), at_ms=number)


async def put(pool: Pool, *events: Event) -> None:
    async with transaction(pool) as db:
        await outbox.put(db, events)


class Published(LocalBus):
    """A bus that keeps what it is given, unless it is broken."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Outgoing] = []
        self.broken = False

    async def publish(self, exchange: Exchange, messages: Sequence[Outgoing]) -> None:
        if self.broken:
            raise Transient("away")
        assert exchange is Exchange.EVENTS
        self.messages += messages

    def ids(self) -> list[str | None]:
        return [message.id for message in self.messages]


async def test_what_commits_is_published_once_in_order(pool: Pool) -> None:
    bus, sent = Published(), [an_event(number) for number in range(450)]
    await put(pool, *sent[:400])
    async with background("relay", outbox.Relay(pool, bus).run):
        await eventually(lambda: len(bus.messages) == 400)
        await put(pool, *sent[400:])
        await eventually(lambda: len(bus.messages) == 450, within=0.9, what="woken, not polled")

        async def let_go() -> bool:
            return not await pool.fetchval("select count(*) from outbox")

        await eventually(let_go, what="what was published is let go of")
    assert bus.ids() == [str(event.id) for event in sent]
    assert bus.messages[0].key == "monitor.deleted"
    assert Event.model_validate_json(bus.messages[0].body) == sent[0]


async def test_what_is_rolled_back_is_never_published(pool: Pool) -> None:
    async def fail() -> None:
        async with transaction(pool) as db:
            await outbox.put(db, [an_event()])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await pool.fetchval("select count(*) from outbox") == 0


async def test_relays_share_the_work_and_wait_out_the_bus(pool: Pool) -> None:
    bus = Published()
    bus.broken = True
    await put(pool, *(an_event(number) for number in range(1000)))
    async with (
        background("one", outbox.Relay(pool, bus).run),
        background("two", outbox.Relay(pool, bus).run),
    ):
        bus.broken = False
        await eventually(lambda: len(bus.messages) == 1000, within=20)
    assert len(set(bus.ids())) == 1000


async def test_locally_an_event_stays_in_the_outbox_until_it_was_dealt_with(pool: Pool) -> None:
    gate = asyncio.Event()
    handled: list[str | None] = []

    async def handle(message: Message) -> None:
        handled.append(message.id)
        await gate.wait()

    async with open_bus(None) as bus:
        ref = {"id": str(uuid4()), "name": "x", "kind": "http", "target": "x"}
        event = an_event().model_copy(update={"data": {"monitor": ref}})
        async with (
            consuming(bus, {STATES: handle}, prefetch=1, drain_s=5),
            background("relay", outbox.Relay(pool, bus).run),
        ):
            await put(pool, event)
            await eventually(lambda: handled)
            assert await pool.fetchval("select count(*) from outbox") == 1
            gate.set()
            # Two more queues listen to deletions; nobody consumes them in this test.
            assert handled == [str(event.id)]


async def test_the_inbox_knows_what_it_has_seen(pool: Pool) -> None:
    event, others = uuid4(), uuid4()
    async with transaction(pool) as db:
        assert await inbox.first_time(db, "a", event)
        assert not await inbox.first_time(db, "a", event)
        assert await inbox.first_time(db, "b", event)
    await pool.execute("update inbox set seen_at = now() - interval '8 days'")
    async with transaction(pool) as db:
        assert await inbox.first_time(db, "a", others)
        await inbox.forget_old(db)
        assert await inbox.first_time(db, "a", event)
        assert not await inbox.first_time(db, "a", others)


async def test_a_database_that_is_away_is_a_passing_trouble() -> None:
    with pytest.raises(Transient, match="database"):
        async with open_pool(f"postgresql://x@127.0.0.1:{free_port()}/x", size=2, application="t"):
            pass


def test_a_database_that_is_too_slow_is_said_to_be() -> None:
    with pytest.raises(Transient, match="database: it did not answer in time"), transient_errors():
        raise TimeoutError


async def test_a_connection_that_dies_is_a_passing_trouble(pool: Pool) -> None:
    async def cut_off() -> None:
        async with transaction(pool) as db:
            pid = await db.fetchval("select pg_backend_pid()")
            await pool.execute("select pg_terminate_backend($1)", pid)
            await db.execute("select 1")

    with pytest.raises(Transient):
        await cut_off()
    async with connection(pool) as db:
        assert await db.fetchval("select 1") == 1


async def test_a_password_that_is_refused_is_a_passing_trouble() -> None:
    async with reachable_postgres() as server:
        db = await asyncpg.connect(server.dsn)
        await db.execute("create role us login password 'right'")
        await db.close()
        for url in (
            f"us:wrong@127.0.0.1:{server.port}/postgres",
            f"us:right@127.0.0.1:{server.port}/no",
        ):
            with pytest.raises(Transient, match=r"password|does not exist"):
                await migrate(f"postgresql://{url}")


@pytest.mark.parametrize(
    "trouble", ["set default_transaction_read_only = on", "set role pg_monitor"]
)
async def test_what_the_operator_has_to_mend_is_a_passing_trouble(pool: Pool, trouble: str) -> None:
    async def write() -> None:
        async with connection(pool) as db:
            await db.execute(trouble)
            await inbox.first_time(db, "test", uuid4())

    with pytest.raises(Transient):
        await write()


async def test_a_schema_that_is_older_is_waited_for_and_a_newer_one_serves(
    pool: Pool, postgres: str
) -> None:
    await check_schema(pool)
    async with open_pool(await fresh_database(postgres), size=1, application="test") as empty:
        with pytest.raises(Transient, match="the schema is not there"):
            await check_schema(empty)
    for number in ("9999", "0001"):
        await pool.execute("update alembic_version set version_num = $1", number)
        if number == "9999":
            await check_schema(pool)
    with pytest.raises(Transient, match=r"the schema is at 0001, .* run `vedette migrate`"):
        await check_schema(pool)


async def test_migrations_side_by_side_and_again_are_harmless(postgres: str) -> None:
    dsn = await fresh_database(postgres)
    await asyncio.gather(*(migrate(dsn) for _ in range(3)))
    await migrate(dsn)
    async with open_pool(dsn, size=2, application="test") as pool:
        assert await pool.fetchval("select count(*) from shard") == 64


@pytest.fixture(params=["memory", "redis"])
def cache_url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("redis").url if request.param == "redis" else None


@pytest.fixture
async def cache(cache_url: str | None) -> AsyncIterator[Cache]:
    opened: Cache = RedisCache(cache_url) if cache_url else MemoryCache()
    yield opened
    await opened.close()


async def test_a_cache_keeps_and_forgets(cache: Cache) -> None:
    key = f"test-{uuid4()}"
    assert await cache.get(key) is None
    await cache.put(key, b"one", 60)
    assert await cache.get(key) == b"one"
    assert not await cache.add(key, b"two", 60)
    await cache.delete(key)
    assert await cache.add(key, b"two", 60)
    assert await cache.get(key) == b"two"


async def test_a_cache_counts_from_the_first_to_its_end(cache: Cache) -> None:
    key = f"test-{uuid4()}"
    assert [await cache.increment(key, 1) for _ in range(3)] == [1, 2, 3]

    async def afresh() -> bool:
        return await cache.increment(key, 1) == 1

    await eventually(afresh, within=5)


async def test_a_redis_that_is_away_is_a_passing_trouble(redis: Server) -> None:
    away = RedisCache(f"redis://127.0.0.1:{free_port()}")
    for call in (
        away.get("x"),
        away.put("x", b"", 1),
        away.add("x", b"", 1),
        away.increment("x", 1),
    ):
        with pytest.raises(Transient, match="cache"):
            await call
    await away.close()
