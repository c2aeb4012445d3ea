"""Kind mongodb against a stand-in that speaks MongoDB's protocol."""

from collections.abc import AsyncIterator
from typing import Any

import bson
import pytest
import pytest_asyncio
from tests.prober.databases import PASSWORD, ask, judged, leaf, why
from tests.prober.talking import Maker, presenting

from vedette.core.outcome import Outcome, Reason
from vedette.prober.context import Context
from vedette.testing.mongodb import Mongodb, running_mongodb

WATCHER: dict[str, Any] = {"user": "watch,er", "password": PASSWORD}
JOBS = [
    {"_id": bson.ObjectId("0123456789abcdef01234567"), "done": True, "rate": 1.5},
    {"_id": 2, "done": False, "tags": ["a", None], "raw": b"\xff"},
]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Mongodb]:
    users = {"watch,er": PASSWORD}
    async with running_mongodb(users=users, collections={"jobs": JOBS}) as server:
        yield server


async def test_a_login(context: Context, server: Mongodb) -> None:
    seen = await ask(context, "mongodb", server.port, **WATCHER)
    assert why(seen) == (None, "")
    assert list(seen.phases) == ["connect", "login", "query"]
    assert seen.facts["version"] == "8.0.4"
    assert seen.facts["role"] == "standalone"
    assert seen.facts["writable_primary"] is True
    assert [next(iter(command)).lower() for command in server.asked] == [
        *("ismaster", "saslstart", "saslcontinue", "buildinfo", "ping"),
    ]


async def test_nobody_has_to_log_in(context: Context) -> None:
    async with running_mongodb() as server:
        seen = await ask(context, "mongodb", server.port)
    assert why(seen) == (None, "")


async def test_the_login_within_tls(context: Context) -> None:
    tls = {"ca": leaf().pem}
    async with running_mongodb(users={"watch,er": PASSWORD}, tls=presenting(leaf())) as server:
        seen = await ask(context, "mongodb", server.port, host="localhost", tls=tls, **WATCHER)
    assert why(seen) == (None, "")
    assert list(seen.phases) == ["resolve", "connect", "tls", "login", "query"]
    assert judged(seen, "[CERTIFICATE_EXPIRATION] > 48h").outcome is Outcome.UP


async def test_a_certificate_that_nobody_trusts(context: Context) -> None:
    tls = {"ca": Maker().make("another").pem}
    async with running_mongodb(tls=presenting(leaf())) as server:
        seen = await ask(context, "mongodb", server.port, tls=tls)
    assert why(seen)[0] is Reason.TLS_SELF_SIGNED


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"user": "nobody"}])
async def test_a_login_that_is_refused(
    context: Context, server: Mongodb, wrong: dict[str, Any]
) -> None:
    reason, message = why(await ask(context, "mongodb", server.port, **{**WATCHER, **wrong}))
    assert reason is Reason.STATUS
    assert message == f"log in: 127.0.0.1:{server.port} answered: Authentication failed. (18)"


async def test_a_command_before_a_login(context: Context, server: Mongodb) -> None:
    reason, message = why(await ask(context, "mongodb", server.port, command={"count": "jobs"}))
    assert reason is Reason.STATUS
    assert "requires authentication (13)" in message


async def test_a_command(context: Context, server: Mongodb) -> None:
    command = {"count": "jobs", "a": 1}
    named: dict[str, Any] = {**WATCHER, "database": "shop", "command": command}
    seen = await ask(context, "mongodb", server.port, **named)
    assert why(seen) == (None, "")
    assert seen.subjects["json"] == {"n": 2, "ok": 1.0}
    holding = {"subject": "json", "property": "$.n", "operator": "equals", "value": 2}
    wrong = {"subject": "json", "property": "$.n", "operator": "less", "value": 2}
    assert judged(seen, holding, "[BODY].n == 2").outcome is Outcome.UP
    assert judged(seen, wrong).reason is Reason.JSON
    asked = server.asked[-1]
    assert list(asked)[:2] == ["count", "a"]
    assert asked["$db"] == "shop"
    assert asked["$readPreference"] == {"mode": "primaryPreferred"}
    assert 0 < asked["maxTimeMS"] <= 10_000


async def test_documents_as_json(context: Context, server: Mongodb) -> None:
    command = {"find": "jobs", "filter": {"_id": {"$oid": "0123456789abcdef01234567"}}}
    seen = await ask(context, "mongodb", server.port, command=command, **WATCHER)
    assert seen.subjects["json"]["cursor"]["firstBatch"] == [
        {"_id": "0123456789abcdef01234567", "done": True, "rate": 1.5},
        {"_id": 2, "done": False, "tags": ["a", None], "raw": "ff"},
    ]
    assert server.asked[-1]["filter"] == {"_id": bson.ObjectId("0123456789abcdef01234567")}


async def test_a_command_that_fails(context: Context, server: Mongodb) -> None:
    seen = await ask(context, "mongodb", server.port, command={"fly": 1}, **WATCHER)
    reason, message = why(seen)
    assert reason is Reason.STATUS
    assert message == f"command: 127.0.0.1:{server.port} answered: no such command: 'fly' (59)"


async def test_a_command_that_takes_too_long(context: Context, server: Mongodb) -> None:
    named: dict[str, Any] = {**WATCHER, "command": {"sleep": 1}, "timeout_s": 0.4}
    assert why(await ask(context, "mongodb", server.port, **named))[0] is Reason.TIMEOUT
    sooner = {"sleep": 1, "maxTimeMS": 50}
    seen = await ask(context, "mongodb", server.port, command=sooner, **WATCHER)
    reason, message = why(seen)
    assert reason is Reason.TIMEOUT
    assert "operation exceeded time limit" in message


async def test_an_answer_that_is_too_large(context: Context) -> None:
    async with running_mongodb(collections={"jobs": [{"text": "x" * 5_000_000}]}) as server:
        seen = await ask(context, "mongodb", server.port, command={"find": "jobs"})
    assert why(seen)[0] is Reason.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("hello", "role", "writable"),
    [
        ({"ismaster": True, "setName": "rs0", "hosts": ["elsewhere:1"]}, "primary", True),
        ({"ismaster": False, "secondary": True, "setName": "rs0"}, "secondary", False),
        ({"ismaster": False, "arbiterOnly": True, "setName": "rs0"}, "arbiter", False),
        ({"ismaster": True, "msg": "isdbgrid"}, "mongos", True),
    ],
)
async def test_its_part_in_a_replica_set(
    context: Context, hello: dict[str, Any], role: str, writable: bool
) -> None:
    async with running_mongodb(hello=hello) as server:
        seen = await ask(context, "mongodb", server.port, command={"count": "jobs"})
    assert why(seen) == (None, "")
    assert seen.facts["role"] == role
    assert seen.facts["writable_primary"] is writable
    assert seen.facts.get("replica_set") == hello.get("setName")
