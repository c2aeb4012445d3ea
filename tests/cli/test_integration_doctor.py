"""`vedette doctor` on real servers that are ill in one way or another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from tests.world import add_monitor, add_workspace, now_ms

from vedette.bus.api import Exchange, Message, Outgoing
from vedette.bus.connect import open_bus
from vedette.bus.consuming import consuming
from vedette.bus.topology import SHARED, jobs
from vedette.cli.doctor import broker as of_broker
from vedette.cli.doctor.dwell import Dwell
from vedette.cli.doctor.run import Report, examine
from vedette.cli.doctor.where import Surroundings
from vedette.core.ids import uuid7
from vedette.core.instants import iso, to_datetime
from vedette.core.slots import slot_after
from vedette.core.wellness import Finding, Level
from vedette.processor.settings import ProcessorSettings
from vedette.processor.upkeep import keep_up
from vedette.store.pool import Pool, open_pool
from vedette.telemetry import dwell
from vedette.telemetry.admin import admin_app, serving
from vedette.testing.ports import free_port
from vedette.testing.postgres import fresh_database
from vedette.testing.rabbitmq import Broker, running_rabbitmq
from vedette.testing.server import Server

KEY = "a secret of the tests"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=4, application="test") as opened:
        yield opened


@pytest.fixture
def where(database: str) -> Surroundings:
    return Surroundings(
        database=database,
        embedded=None,
        broker=None,
        redis=None,
        secret_key=SecretStr(KEY),
        retention_days=90,
    )


async def examined(where: Surroundings) -> dict[str, Finding]:
    """What is found of each part."""
    return parts(await examine(where, []))


def parts(report: Report) -> dict[str, Finding]:
    return {one.part: one for findings in report.sections.values() for one in findings}


async def test_a_fresh_database_is_fit_and_nobody_runs(where: Surroundings, pool: Pool) -> None:
    await keep_up(pool, ProcessorSettings(), now=datetime.now(UTC))
    found = await examined(where)
    bad = {part for part, one in found.items() if one.level is not Level.OK}
    assert bad == {"services", "shards"}
    assert "no gateway, scheduler, processor, incidents and notifier" in found["services"].words


async def test_a_database_that_is_not_migrated_is_told_and_not_read(
    where: Surroundings, postgres: str
) -> None:
    found = await examined(replace(where, database=await fresh_database(postgres)))
    assert found["schema"].level is Level.BAD
    assert "vedette migrate" in (found["schema"].advice or "")
    assert "services" not in found


async def test_a_schema_of_a_newer_version_is_a_warning(where: Surroundings, pool: Pool) -> None:
    await pool.execute("update alembic_version set version_num = '9999'")
    assert (await examined(where))["schema"].level is Level.WARN


async def test_a_database_that_is_away_is_bad_and_the_rest_is_told(
    where: Surroundings, redis: Server
) -> None:
    gone = f"postgresql://x@127.0.0.1:{free_port()}/x"
    cache = f"redis://127.0.0.1:{redis.port}/0"
    found = await examined(replace(where, database=gone, redis=cache))
    assert found["server"].level is Level.BAD
    assert found["Redis"].level is Level.OK


async def test_redis_that_is_away_is_bad(where: Surroundings) -> None:
    found = await examined(replace(where, redis=f"redis://127.0.0.1:{free_port()}/0"))
    assert found["Redis"].level is Level.BAD


async def test_partitions_that_were_not_made_and_stray_checks_are_told(
    where: Surroundings, pool: Pool
) -> None:
    assert (await examined(where))["partitions"].level is Level.BAD
    now = datetime.now(UTC)
    await keep_up(pool, ProcessorSettings(), now=now - timedelta(days=6))
    await pool.execute(
        "insert into check_result (monitor_id, slot, region, outcome, revision)"
        " values ($1, now() + interval '90 days', 'eu', 'up', 1)",
        uuid4(),
    )
    found = await examined(replace(where, retention_days=3))
    assert found["partitions"].level is Level.WARN
    assert found["stray checks"].level is Level.WARN
    assert found["retention"].level is Level.WARN


async def test_what_another_key_sealed_is_told(where: Surroundings, pool: Pool) -> None:
    workspace = await add_workspace(pool)
    secret = {"url": "http://127.0.0.1:1/", "headers": {"Authorization": "Bearer x"}}
    await add_monitor(pool, workspace, target=secret)
    await add_monitor(pool, workspace)
    await pool.execute(
        "insert into channel (id, workspace_id, name, kind, sealed_config)"
        " values ($1, $2, 'On call', 'webhook', 'not sealed at all')",
        uuid4(),
        workspace,
    )
    assert (await examined(where))["definitions"].level is Level.OK
    found = await examined(replace(where, secret_key=SecretStr("another")))
    assert "1 of 2 monitors" in found["definitions"].words
    assert "'On call'" in found["channels"].words
    found = await examined(replace(where, secret_key=None))
    assert found["secret key"].level is Level.WARN


async def test_a_long_transaction_is_told_with_its_pid(
    where: Surroundings, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.cli.doctor.database._LONG_WARN_S", 0)
    async with pool.acquire() as db, db.transaction():
        await db.execute("select 1")
        found = (await examined(where))["transactions"]
        assert found.level is Level.WARN
        assert f"pg_terminate_backend({db.get_server_pid()})" in (found.advice or "")


async def test_messages_given_up_or_parked_and_unknown_monitors_are_told(
    where: Surroundings, pool: Pool
) -> None:
    workspace, channel = await add_workspace(pool), uuid4()
    monitor = await add_monitor(pool, workspace)
    await pool.execute(
        "insert into monitor_state (monitor_id, workspace_id, state, since, sequence)"
        " values ($1, $2, 'unknown', now(), 1)",
        monitor,
        workspace,
    )
    await pool.execute(
        "insert into channel (id, workspace_id, name, kind, sealed_config)"
        " values ($1, $2, 'c', 'email', '')",
        channel,
        workspace,
    )
    await pool.execute(
        "insert into delivery (id, workspace_id, channel_id, kind, recipient, transition, event,"
        " lane, status, error) values ($1, $2, $3, 'email', 'r', 'test', '{}', 'l', 'failed',"
        " 'mailbox full')",
        uuid4(),
        workspace,
        channel,
    )
    await pool.execute(
        "insert into dead_message (id, queue, routing_key, reason, attempts, headers, body)"
        " values ($1, 'q', 'k', 'permanent', 1, '{}', '')",
        uuid4(),
    )
    found = await examined(where)
    assert found["parked"].level is Level.WARN
    assert "mailbox full" in found["given up"].words
    assert (found["monitors"].level, found["monitors"].words) == (Level.WARN, "1 unknown")


async def test_queues_that_nobody_reads_are_told(broker: Broker) -> None:
    async def ignore(_: Message) -> None:
        pass

    async with open_bus(broker.url) as bus:
        await bus.declare(jobs("mars"))
        await bus.publish(Exchange.JOBS, [Outgoing("mars", b"")])
        read = {queue: ignore for queue in SHARED if queue.name.startswith("processor")}
        async with consuming(bus, read, prefetch=1, drain_s=1):
            found = {one.part: one for one in await of_broker.examine(broker.url, ["mars"])}
    assert found["broker"].level is Level.OK
    assert found["broker"].words.startswith("RabbitMQ ")
    assert found["jobs.mars"].level is Level.BAD
    assert "VEDETTE_REGION=mars" in (found["jobs.mars"].advice or "")
    assert "incidents.states" in found
    assert "processor.results" not in found


async def test_a_broker_in_alarm_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_broker, "_PATIENCE_S", 2)
    monkeypatch.setattr(
        "vedette.testing.rabbitmq._CONFIG",
        "listeners.tcp.1 = 127.0.0.1:{port}\ndisk_free_limit.absolute = 1000000GB\n",
    )
    async with running_rabbitmq(tmp_path) as full:
        [found, *_] = await of_broker.examine(full.url, [])
    assert found.level is Level.BAD
    assert "takes no message" in found.words


async def test_a_broker_that_is_away_is_bad() -> None:
    [found] = await of_broker.examine(f"amqp://x:y@127.0.0.1:{free_port()}/", [])
    assert (found.part, found.level) == ("broker", Level.BAD)


async def incident(pool: Pool, workspace: UUID, monitor: UUID, slot: int) -> None:
    """Its check began 10 ms late and took 20; 30 later it was judged; 40, opened; 50, told."""
    await pool.execute(
        "insert into check_result (monitor_id, slot, region, outcome, revision, started_at,"
        " duration_ms) values ($1, $2, 'eu', 'down', 1, $3, 20)",
        monitor,
        to_datetime(slot),
        to_datetime(slot + 10),
    )
    await pool.execute(
        "insert into span (monitor_id, sequence, workspace_id, state, started_at, decided_at)"
        " values ($1, 2, $2, 'down', $3, $4)",
        monitor,
        workspace,
        to_datetime(slot),
        to_datetime(slot + 60),
    )
    id, channel = uuid7(now_ms()), uuid4()
    await pool.execute(
        "insert into incident (id, workspace_id, monitor_id, state, severity, since, opened_at,"
        " opened_by, cause, channels) values ($1, $2, $3, 'investigating', 'critical', $4, $5, 2,"
        " $6, '{}')",
        id,
        workspace,
        monitor,
        to_datetime(slot),
        to_datetime(slot + 100),
        {"slot": iso(slot), "region": "eu"},
    )
    await pool.execute(
        "insert into channel (id, workspace_id, name, kind, sealed_config)"
        " values ($1, $2, 'c', 'email', '')",
        channel,
        workspace,
    )
    await pool.execute(
        "insert into delivery (id, workspace_id, incident_id, channel_id, kind, recipient,"
        " transition, event, lane, status, sent_at) values ($1, $2, $3, $4, 'email', 'r',"
        " 'opened', '{}', 'l', 'sent', $5)",
        uuid4(),
        workspace,
        id,
        channel,
        to_datetime(slot + 110),
    )


async def test_dwell_times_are_told_from_what_is_stored(where: Surroundings, pool: Pool) -> None:
    workspace = await add_workspace(pool)
    for _ in range(3):
        monitor = await add_monitor(pool, workspace)
        await incident(pool, workspace, monitor, slot_after(monitor, 60_000, now_ms() - 120_000))
    report = await examine(where, [])
    assert [(one.stage, one.count, round(one.p50_s, 3)) for one in report.dwells] == [
        ("slot_to_start", 3, 0.01),
        ("start_to_end", 3, 0.02),
        ("result_to_verdict", 3, 0.03),
        ("verdict_to_incident", 3, 0.04),
        ("transition_to_delivered", 3, 0.05),
    ]


async def test_dwell_times_are_told_from_metrics(where: Surroundings, pool: Pool) -> None:
    dwell.VERDICT_TO_EVENT.observe(0.02)
    async with serving(admin_app({}), "127.0.0.1:0") as address:
        await pool.execute(
            "insert into process (instance, service, version, address, clock_ms, clock_error_ms)"
            " values ('p', 'processor', '1', $1, 0, 0), ('q', 'processor', '1', $2, 0, 0)",
            address,
            f"127.0.0.1:{free_port()}",  # gone meanwhile
        )
        report = await examine(where, [f"http://{address}/metrics"])
    found: dict[str, Any] = {one.stage: one for one in report.dwells}
    event = found["verdict_to_event"]
    assert isinstance(event, Dwell)
    assert event.count >= 1
