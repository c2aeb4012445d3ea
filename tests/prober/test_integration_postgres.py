"""Kind postgres against PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.prober.databases import (
    PASSWORD,
    ask,
    is_cut_off,
    is_too_large,
    judged,
    leaf,
    refuses_login,
    refuses_query,
    takes_too_long,
    why,
    within_tls,
    wrong_certificates,
)

from vedette.core.outcome import Outcome, Reason
from vedette.prober.context import Context
from vedette.testing.postgres import Reachable, reachable_postgres
from vedette.testing.waiting import eventually

WATCHER: dict[str, Any] = {"user": "watcher", "password": PASSWORD, "database": "vedette"}
pytestmark = pytest.mark.asyncio(loop_scope="function")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Reachable]:
    async with reachable_postgres() as server:
        connection = await asyncpg.connect(server.dsn)
        quoted = await connection.fetchval("select quote_literal($1)", PASSWORD)
        await connection.execute(f"create role watcher login password {quoted}")
        await connection.execute("create table job (id int, done bool)")
        await connection.execute("insert into job values (1, true), (2, false), (3, null)")
        await connection.execute("grant all on job to watcher")
        await connection.execute("create type mood as enum ('good', 'bad')")
        await connection.close()
        yield server


async def test_a_login(context: Context, server: Reachable) -> None:
    seen = await ask(context, "postgres", server.port, **WATCHER)
    assert seen.trouble is None
    assert list(seen.phases) == ["connect", "login", "query"]
    assert str(seen.facts["version"]).startswith("18.")
    assert seen.facts["in_recovery"] is False
    assert seen.facts["read_only"] is False
    assert seen.facts["ip"] == "127.0.0.1"


async def test_the_login_within_tls(context: Context, server: Reachable) -> None:
    tls = {"ca": leaf().pem}
    async with within_tls(server.port) as port:
        seen = await ask(context, "postgres", port, host="localhost", tls=tls, **WATCHER)
    assert seen.trouble is None
    assert list(seen.phases) == ["resolve", "connect", "starttls", "tls", "login", "query"]
    assert seen.facts["tls_version"] == "TLSv1.3"
    assert judged(seen, "[CERTIFICATE_EXPIRATION] > 48h").outcome is Outcome.UP


@wrong_certificates
async def test_a_certificate(
    context: Context, server: Reachable, tls: dict[str, Any], reason: Reason
) -> None:
    async with within_tls(server.port) as port:
        seen = await ask(context, "postgres", port, tls=tls, **WATCHER)
    assert why(seen)[0] is reason


async def test_a_server_without_tls(context: Context, server: Reachable) -> None:
    seen = await ask(context, "postgres", server.port, tls={}, **WATCHER)
    reason, message = why(seen)
    assert reason is Reason.PROTOCOL_ERROR
    assert "said 'N' instead of PostgreSQL's agreement to TLS" in message


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"password": "wrong"}, 'password authentication failed for user "watcher" (28P01)'),
        ({"password": None}, "(28P01)"),
        ({"user": "nobody"}, 'password authentication failed for user "nobody" (28P01)'),
        ({"database": "elsewhere"}, 'database "elsewhere" does not exist (3D000)'),
    ],
    ids=["password", "no password", "user", "database"],
)
async def test_a_login_that_is_refused(
    context: Context, server: Reachable, wrong: dict[str, Any], words: str
) -> None:
    seen = await ask(context, "postgres", server.port, **{**WATCHER, **wrong})
    refuses_login(seen, server.port, words)


async def test_a_query(context: Context, server: Reachable) -> None:
    query = "select id, done, 1.5 as rate, now() as at from job order by id"
    seen = await ask(context, "postgres", server.port, query=query, **WATCHER)
    assert seen.trouble is None
    assert seen.facts["rows"] == 3
    assert seen.facts["size"] == 1
    assert judged(seen, "[BODY] == 1", "len([BODY]) == 1").outcome is Outcome.UP
    holding = {"subject": "json", "property": "$[1].done", "operator": "equals", "value": False}
    length = {"subject": "json", "operator": "length", "value": 3}
    wrong = {"subject": "json", "property": "$[0].rate", "operator": "greater", "value": 2}
    assert judged(seen, holding, length).outcome is Outcome.UP
    verdict = judged(seen, wrong)
    assert verdict.reason is Reason.JSON
    assert "1.5" in (verdict.message or "")
    assert seen.answer is not None
    assert b'"done":null' in bytes(seen.answer.body)


async def test_a_query_without_rows(context: Context, server: Reachable) -> None:
    query = "select id from job where id > 9"
    seen = await ask(context, "postgres", server.port, query=query, **WATCHER)
    assert (seen.facts["rows"], seen.subjects["body"], seen.subjects["json"]) == (0, "", [])


async def test_every_type_has_a_value(context: Context, server: Reachable) -> None:
    query = """
        select 1::int8, 'NaN'::float8, 12345678901234567890::numeric, '1 hour'::interval,
          'a'::text, '\\xff'::bytea, '{"a": 1}'::jsonb, array[1,2], null, '10.0.0.0/8'::cidr,
          date '2026-01-02', gen_random_uuid(), row(1, 'x'), int4range(1, 5), 'epoch'::timestamp
    """
    seen = await ask(context, "postgres", server.port, query=query, **WATCHER)
    assert seen.trouble is None
    assert seen.subjects["body"] == "1"
    assert '"2026-01-02"' in seen.answer.text() if seen.answer else False


async def test_types_that_the_client_asks_the_server_about(
    context: Context, server: Reachable
) -> None:
    query = "select 'bad'::mood as mood, array['good'::mood] as all, row('bad'::mood, 1) as both"
    seen = await ask(context, "postgres", server.port, query=query, **WATCHER)
    assert why(seen) == (None, "")
    assert seen.subjects["json"] == [{"mood": "bad", "all": ["good"], "both": ["bad", 1]}]


async def test_only_the_first_rows_are_kept(context: Context, server: Reachable) -> None:
    query = "select generate_series(1, 100000000)"
    seen = await ask(context, "postgres", server.port, query=query, **WATCHER)
    is_cut_off(seen)


async def test_an_answer_that_is_too_large(context: Context, server: Reachable) -> None:
    query = "select repeat('x', 5000000)"
    seen = await ask(context, "postgres", server.port, query=query, **WATCHER)
    is_too_large(seen)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select * from nothing", 'relation "nothing" does not exist (42P01)'),
        ("selekt 1", "syntax error"),
        ("select 1/0", "division by zero (22012)"),
        ("delete from job", "cannot execute DELETE in a read-only transaction (25006)"),
        ("select 1; select 2", "cannot insert multiple commands"),
        ("commit; delete from job", "cannot insert multiple commands"),
    ],
)
async def test_a_query_that_fails(
    context: Context, server: Reachable, query: str, words: str
) -> None:
    seen = await ask(context, "postgres", server.port, query=query, **WATCHER)
    refuses_query(seen, words)


async def test_a_query_may_write_if_that_is_wanted(context: Context, server: Reachable) -> None:
    query = "insert into job values (4, true) returning id"
    seen = await ask(context, "postgres", server.port, query=query, read_only=False, **WATCHER)
    undone = "delete from job where id = 4 returning id"
    again = await ask(context, "postgres", server.port, query=undone, read_only=False, **WATCHER)
    assert seen.subjects["body"] == again.subjects["body"] == "4"


async def test_a_query_that_takes_too_long(context: Context, server: Reachable) -> None:
    query = "select pg_sleep(60)"
    await takes_too_long(context, "postgres", server.port, query=query, **WATCHER)
    connection = await asyncpg.connect(server.dsn)
    running = "select count(*) from pg_stat_activity where usename = 'watcher'"

    async def over() -> bool:
        return not await connection.fetchval(running)

    await eventually(over, what="the server's end of the query")
    await connection.close()


async def test_a_check_that_is_cancelled_leaves_nothing(
    context: Context, server: Reachable
) -> None:
    query = "select pg_sleep(60)"
    check = asyncio.ensure_future(ask(context, "postgres", server.port, query=query, **WATCHER))
    connection = await asyncpg.connect(server.dsn)
    running = "select count(*) from pg_stat_activity where usename = 'watcher'"

    async def asked() -> bool:
        return bool(await connection.fetchval(running + " and query ~ 'pg_sleep'"))

    await eventually(asked, what="a running query")
    check.cancel()
    with pytest.raises(asyncio.CancelledError):
        await check
    await connection.close()


async def test_the_probers_environment_changes_nothing(
    context: Context, server: Reachable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PGHOST": "elsewhere.example",
        "PGPASSWORD": PASSWORD,
        "PGSSLMODE": "verify-full",
        "PGSSLNEGOTIATION": "direct",
        "PGTARGETSESSIONATTRS": "standby",
        "PGDATABASE": "elsewhere",
    }.items():
        monkeypatch.setenv(name, value)
    assert why(await ask(context, "postgres", server.port, **WATCHER))[0] is None
    without: dict[str, Any] = {**WATCHER, "password": None}
    assert why(await ask(context, "postgres", server.port, **without))[0] is Reason.STATUS
