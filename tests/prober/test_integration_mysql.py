"""Kind mysql against MariaDB."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.prober.databases import (
    PASSWORD,
    ask,
    is_cut_off,
    is_too_large,
    judged,
    leaf,
    pem,
    refuses_login,
    refuses_query,
    takes_too_long,
    why,
    wrong_certificates,
)

from vedette.core.outcome import Outcome, Reason
from vedette.prober.context import Context
from vedette.testing.mariadb import Mariadb, running_mariadb

WATCHER: dict[str, Any] = {"user": "watcher", "password": PASSWORD, "database": "shop"}
_SQL = """\
SET NAMES utf8mb4;
INSTALL SONAME 'auth_ed25519';
CREATE DATABASE shop;
CREATE TABLE shop.job (id INT, done BOOL, rate DECIMAL(4,1), note VARCHAR(20), at DATETIME);
INSERT INTO shop.job VALUES (1, 1, 1.5, 'é', '2026-01-02 03:04:05'), (2, 0, 2, NULL, NULL);
CREATE USER watcher@'%' IDENTIFIED BY '{quoted}';
GRANT ALL ON shop.* TO watcher@'%';
CREATE USER secured@'%' IDENTIFIED BY '{quoted}' REQUIRE SSL;
CREATE USER edwards@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{quoted}');
""".replace("{quoted}", PASSWORD.replace("'", "''"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mariadb]:
    directory = tmp_path_factory.mktemp("mariadb")
    async with running_mariadb(directory, pem=pem(), sql=_SQL) as server:
        yield server


async def test_a_login(context: Context, server: Mariadb) -> None:
    seen = await ask(context, "mysql", server.port, **WATCHER)
    assert why(seen) == (None, "")
    assert list(seen.phases) == ["connect", "login", "query"]
    assert "MariaDB" in str(seen.facts["version"])
    assert not str(seen.facts["version"]).startswith("5.5.5-")
    assert seen.facts["read_only"] is False


@pytest.mark.parametrize("user", ["watcher", "secured"])
async def test_the_login_within_tls(context: Context, server: Mariadb, user: str) -> None:
    named: dict[str, Any] = {"user": user, "password": PASSWORD, "tls": {"ca": leaf().pem}}
    seen = await ask(context, "mysql", server.port, host="localhost", **named)
    assert why(seen) == (None, "")
    assert list(seen.phases) == ["resolve", "connect", "starttls", "tls", "login", "query"]
    assert judged(seen, "[CERTIFICATE_EXPIRATION] > 48h").outcome is Outcome.UP


@wrong_certificates
async def test_a_certificate(
    context: Context, server: Mariadb, tls: dict[str, Any], reason: Reason
) -> None:
    seen = await ask(context, "mysql", server.port, tls=tls, **WATCHER)
    assert why(seen)[0] is reason


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"password": "wrong"}, "Access denied for user 'watcher'"),
        ({"password": None}, "Access denied for user 'watcher'"),
        ({"user": "nobody"}, "Access denied for user 'nobody'"),
        ({"user": "secured", "database": None}, "Access denied for user 'secured'"),
        ({"database": "elsewhere"}, "'elsewhere' (1044)"),
    ],
    ids=["password", "no password", "user", "without TLS", "database"],
)
async def test_a_login_that_is_refused(
    context: Context, server: Mariadb, wrong: dict[str, Any], words: str
) -> None:
    seen = await ask(context, "mysql", server.port, **{**WATCHER, **wrong})
    refuses_login(seen, server.port, words)


async def test_a_way_to_log_in_that_the_client_lacks_is_ours(
    context: Context, server: Mariadb
) -> None:
    seen = await ask(context, "mysql", server.port, user="edwards", password=PASSWORD)
    reason, message = why(seen)
    assert reason is Reason.INTERNAL_ERROR
    assert "client_ed25519" in message


async def test_a_query(context: Context, server: Mariadb) -> None:
    query = "SELECT id, done, rate, note, at FROM job ORDER BY id"
    seen = await ask(context, "mysql", server.port, query=query, **WATCHER)
    assert why(seen) == (None, "")
    assert seen.facts["rows"] == 2
    assert seen.subjects["json"] == [
        {"id": 1, "done": 1, "rate": 1.5, "note": "é", "at": "2026-01-02T03:04:05"},
        {"id": 2, "done": 0, "rate": 2, "note": None, "at": None},
    ]
    assert judged(seen, "[BODY] == 1").outcome is Outcome.UP
    wrong = {"subject": "json", "property": "$[0].rate", "operator": "greater", "value": 2}
    assert judged(seen, wrong).reason is Reason.JSON


async def test_only_the_first_rows_are_kept(context: Context, server: Mariadb) -> None:
    query = "SELECT seq FROM seq_1_to_5000000"
    seen = await ask(context, "mysql", server.port, query=query, **WATCHER)
    is_cut_off(seen)


async def test_an_answer_that_is_too_large(context: Context, server: Mariadb) -> None:
    query = "SELECT REPEAT('x', 5000000)"
    seen = await ask(context, "mysql", server.port, query=query, **WATCHER)
    is_too_large(seen)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT * FROM nothing", "Table 'shop.nothing' doesn't exist (1146)"),
        ("SELEKT 1", "error in your SQL syntax"),
        ("DELETE FROM job", "Cannot execute statement in a READ ONLY transaction (1792)"),
        ("DROP TABLE job", "Cannot execute statement in a READ ONLY transaction (1792)"),
        ("COMMIT; DELETE FROM job", "error in your SQL syntax"),
    ],
)
async def test_a_query_that_fails(
    context: Context, server: Mariadb, query: str, words: str
) -> None:
    seen = await ask(context, "mysql", server.port, query=query, **WATCHER)
    refuses_query(seen, words)


async def test_a_query_may_write_if_that_is_wanted(context: Context, server: Mariadb) -> None:
    wanted: dict[str, Any] = {**WATCHER, "read_only": False}
    query = "INSERT INTO job (id) VALUES (9) RETURNING id"
    assert why(await ask(context, "mysql", server.port, query=query, **wanted)) == (None, "")
    undo = "DELETE FROM job WHERE id = 9 RETURNING id"
    seen = await ask(context, "mysql", server.port, query=undo, **wanted)
    assert seen.subjects["body"] == "9"
    seen = await ask(context, "mysql", server.port, query="DO 1", **wanted)
    assert seen.subjects["json"] == []


async def test_a_query_that_takes_too_long(context: Context, server: Mariadb) -> None:
    query = "SELECT SLEEP(60)"
    await takes_too_long(context, "mysql", server.port, query=query, **WATCHER)


async def test_a_server_that_stands_still(context: Context, server: Mariadb) -> None:
    server.freeze()
    try:
        seen = await ask(context, "mysql", server.port, timeout_s=0.5, **WATCHER)
    finally:
        server.thaw()
    reason, message = why(seen)
    assert reason is Reason.TIMEOUT
    assert message.startswith("await the greeting")
