"""No secret of a monitor's is found where it needs not be, and its checks work all the same."""

from __future__ import annotations

import asyncio
import os
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aiohttp
import asyncpg
import pytest
from tests.world import BOX, add_monitor, add_workspace

from vedette.core.kinds import parse_monitor
from vedette.migrate.__main__ import main as migrate
from vedette.store.pool import open_pool
from vedette.store.resealing import seal_definitions
from vedette.store.sealing import opened
from vedette.store.secretbox import SecretBox
from vedette.testing.ports import free_port
from vedette.testing.process import Child
from vedette.testing.scratch import scratch
from vedette.testing.streams import Listener
from vedette.testing.target import running_target
from vedette.testing.waiting import eventually

KEY = "the-key-of-the-tests"
SECRETS = [f"{name}-of-the-tests" for name in
           ("password", "query", "header", "cookie", "bearer", "client", "proxy", "form", "json",
            "body", "said", "issued")]  # fmt: skip
PASSWORD, QUERY, HEADER, COOKIE, BEARER, CLIENT, PROXY, FORM, JSON, BODY, SAID, ISSUED = SECRETS


def definitions(port: int) -> list[dict[str, Any]]:
    """Monitors with every kind of secret."""
    place = f"127.0.0.1:{port}"
    url, post = f"http://{place}/", {"url": f"http://{place}/", "method": "POST"}
    oauth = {"scheme": "oauth2", "token_url": f"{url}token", "client_id": "ann",
             "client_secret": CLIENT}  # fmt: skip
    http: list[dict[str, Any]] = [
        {"url": f"http://ann:{PASSWORD}@{place}/?access_token={QUERY}"},
        {"url": url, "headers": {"X-Api-Key": HEADER, "Cookie": f"session={COOKIE}"}},
        {"url": url, "auth": {"scheme": "bearer", "token": BEARER}},
        {"url": url, "auth": {"scheme": "basic", "username": "ann", "password": PASSWORD}},
        {"url": url, "auth": oauth},
        {"url": "http://shop.example/",
         "proxy": {"url": f"http://{place}", "username": "ann", "password": PROXY}},
        {**post, "form": {"user": "ann", "password": FORM}},
        {**post, "json": {"user": "ann", "password": JSON}},
        {**post, "body": f"user=ann&password={BODY}"},
    ]  # fmt: skip
    steps = [{"send": f"AUTH {SAID}\r\n\r\n"}, {"expect": "^never$"}]
    tcp = {"host": "127.0.0.1", "port": port, "steps": steps}
    common = {"interval_s": 5, "failure_threshold": 1}
    return [
        *({"name": "H", "kind": "http", "target": target, **common} for target in http),
        {"name": "T", "kind": "tcp", "target": tcp, **common},
    ]


@asynccontextmanager
async def echoing() -> AsyncIterator[tuple[int, list[str]]]:
    """A target that answers with what it was sent, as debug pages do; and a list of that."""
    sent: list[str] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if b"content-length:" in line]
        body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
        sent.append((head + body).decode())
        status, said = b"500 Broken", head + body
        if b" /token " in head:
            status, said = b"200 OK", b'{"access_token": "%b"}' % ISSUED.encode()
        writer.write(b"HTTP/1.1 %b\r\nX-First: %b\r\n" % (status, head.split(b"\r\n")[0]))
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(said), said))
        await writer.drain()

    port = free_port()
    async with Listener(converse, port=port):
        yield port, sent


async def dump(dsn: str) -> str:
    """Every row of every table, as text."""
    db = await asyncpg.connect(dsn)
    try:
        names = await db.fetch(
            "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'"
        )
        rows = []
        for table in names:
            for row in await db.fetch(f"select to_jsonb(t)::text as row from {table['name']} t"):
                rows.append(f"{table['name']}: {row['row']}")
        return "\n".join(rows)
    finally:
        await db.close()


def found(text: str) -> list[str]:
    """The secrets in a text, plain, in hexadecimal digits (as bytes are dumped) or in Base64."""
    lower = text.lower()
    return [
        secret
        for secret in SECRETS
        if secret in text
        or secret.encode().hex() in lower
        or b64encode(f"ann:{secret}".encode()).decode() in text
    ]


@asynccontextmanager
async def vedette(
    dsn: str, *, key: str = "a secret of the tests"
) -> AsyncIterator[tuple[str, Child]]:
    """`vedette up`, telling all it has to tell."""
    address = f"127.0.0.1:{free_port()}"
    with scratch("secrets") as directory:
        environment = {
            "VEDETTE_HTTP": address,
            "VEDETTE_DATA_DIR": str(directory / "data"),
            "VEDETTE_DATABASE_URL": dsn,
            "VEDETTE_API_KEY": KEY,
            "VEDETTE_SECRET_KEY": key,
            "VEDETTE_LOG_LEVEL": "debug",
        }
        argv = [sys.executable, "-m", "vedette.cli.main", "up"]
        log = directory / "log"
        async with await Child.start(argv, log=log, env=os.environ | environment) as child:
            yield f"http://{address}", child
            child.terminate()
            await child.wait()


async def test_no_secret_is_found_in_database_logs_or_answers(database: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        echoing() as (port, sent),
        vedette(database) as (url, child),
        aiohttp.ClientSession(url, headers=headers) as http,
    ):
        await _ready(http, child)
        monitors = [await _created(http, one) for one in definitions(port)]
        answers = [await _checked(http, monitor) for monitor in monitors]
        rows = await dump(database)
        log = child.log_text()
    assert set(found("\n".join(sent))) == set(SECRETS), "all were sent"
    assert rows.count("check_evidence: ") >= len(monitors)
    assert rows.count("incident: ") == len(monitors)
    assert found(rows) == []
    assert found(log) == []
    # What is sent as it is written is shown to who may edit it.
    assert set(found("\n".join(answers))) == {BODY, SAID}


async def test_under_a_wrong_key_no_target_looks_down_and_the_right_one_mends_it(
    database: str,
) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    session = partial(aiohttp.ClientSession, headers=headers)
    async with running_target() as target:
        secretive = {"url": target.url, "headers": {"X-Api-Key": HEADER}}
        definition = {"name": "S", "kind": "http", "interval_s": 5, "failure_threshold": 1}
        async with vedette(database) as (url, child), session(url) as http:
            await _ready(http, child)
            monitor = await _created(http, {**definition, "target": secretive})
            await _newest(http, monitor, "up")
        async with vedette(database, key="another key") as (url, child), session(url) as http:
            await _ready(http, child)
            check = await _newest(http, monitor, "internal_error")
            assert "VEDETTE_SECRET_KEY is not the one it was sealed with" in check["message"]
            async with http.get(f"/api/v1/monitors/{monitor}") as response:
                read = await response.json()
            assert (read["state"], read["target"]["headers"]["X-Api-Key"]) == ("up", "********")
            async with http.get("/api/v1/incidents") as response:
                assert (await response.json())["items"] == []
            assert "monitors can't be checked" in child.log_text()
        requests = len(target.requests)
        async with vedette(database) as (url, child), session(url) as http:
            await _ready(http, child)
            await _newest(http, monitor, "up")
        assert len(target.requests) > requests
        assert {one.headers["x-api-key"] for one in target.requests} == {HEADER}


async def test_migrate_with_the_key_seals_what_is_in_clear(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_pool(database, size=1, application="test") as pool:
        (definition, *_) = definitions(1)
        id = await add_monitor(pool, await add_workspace(pool), **definition)
        clear = parse_monitor(definition).model_dump(mode="json", by_alias=True)
        await pool.execute("update monitor set spec = $2 where id = $1", id, clear)
    monkeypatch.setenv("VEDETTE_DATABASE_URL", database)
    for key, left in (("", [PASSWORD, QUERY]), ("the key", [])):
        monkeypatch.setenv("VEDETTE_SECRET_KEY", key)
        assert await asyncio.to_thread(migrate) == 0
        assert found(await dump(database)) == left


async def test_secrets_that_were_stored_in_clear_are_sealed_once(database: str) -> None:
    async with open_pool(database, size=2, application="test") as pool:
        workspace = await add_workspace(pool)
        for definition in definitions(1):
            id = await add_monitor(pool, workspace, **definition)
            clear = parse_monitor(definition).model_dump(mode="json", by_alias=True)
            await pool.execute("update monitor set spec = $2 where id = $1", id, clear)
        plain = await add_monitor(pool, workspace)
        assert found(await dump(database)) != []
        before = await pool.fetch("select id, version, updated_at from monitor order by id")
        assert await seal_definitions(pool, BOX) == len(definitions(1))
        sealed = await dump(database)
        assert found(sealed) == []
        assert await seal_definitions(pool, BOX) == 0
        assert await seal_definitions(pool, SecretBox("another key")) == 0
        assert await dump(database) == sealed
        after = await pool.fetch("select id, version, updated_at from monitor order by id")
        assert after == before, "nobody has changed them"
        rows = await pool.fetch("select id, spec from monitor where id <> $1", plain)
        read = [parse_monitor(opened(row["spec"], row["id"], BOX)) for row in rows]
        assert all(parse_monitor(definition) in read for definition in definitions(1))


async def _ready(http: aiohttp.ClientSession, child: Child) -> None:
    async def up() -> bool:
        assert child.returncode is None, child.log_text()
        try:
            async with http.get("/health/ready") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    await eventually(up, within=60, what="vedette up")


async def _created(http: aiohttp.ClientSession, definition: dict[str, Any]) -> str:
    async with http.post("/api/v1/monitors", json=definition) as response:
        assert response.status == 201, await response.text()
        return str((await response.json())["id"])


async def _newest(http: aiohttp.ClientSession, monitor: str, outcome: str) -> Any:
    """The newest check, once it ended so."""

    async def there() -> Any:
        async with http.get(f"/api/v1/monitors/{monitor}/checks?limit=1") as response:
            checks = (await response.json())["items"]
        return checks[0] if checks and checks[0]["outcome"] == outcome else None

    return await eventually(there, within=60, what=f"{monitor} is {outcome}")


async def _checked(http: aiohttp.ClientSession, monitor: str) -> str:
    """All that the API says of a monitor once it was found down."""

    async def incidents() -> str:
        async with http.get(f"/api/v1/incidents?monitor={monitor}") as response:
            text = await response.text()
        return text if monitor in text else ""

    said = [await eventually(incidents, within=60, what=f"{monitor} is down")]
    for path in ("", "/state", "/spans", "/checks?evidence=true"):
        async with http.get(f"/api/v1/monitors/{monitor}{path}") as response:
            said.append(await response.text())
    return "\n".join(said)
