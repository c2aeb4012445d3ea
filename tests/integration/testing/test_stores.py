"""The private Redis, nginx and PostgreSQL of a test."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import asyncpg
import pytest
from redis.asyncio import Redis as RedisClient
from redis.exceptions import TimeoutError as RedisTimeoutError
from tests.integration.testing.programs import programs_naming

from vedette.testing.nginx import running_nginx
from vedette.testing.postgres import fresh_database, running_postgres
from vedette.testing.redis import running_redis


async def test_redis_comes_back_empty(tmp_path: Path) -> None:
    async with running_redis(tmp_path) as redis:
        async with RedisClient.from_url(redis.url) as client:
            await client.set("a", "1")
            assert await client.get("a") == b"1"
        await redis.kill()
        await redis.start()
        async with RedisClient.from_url(redis.url) as client:
            assert await client.get("a") is None
        await redis.restart()
        redis.freeze()
        async with RedisClient.from_url(redis.url, socket_timeout=0.1) as client:
            with pytest.raises(RedisTimeoutError):
                await client.ping()
        redis.thaw()
        async with RedisClient.from_url(redis.url) as client:
            assert await client.ping()
    assert not programs_naming(tmp_path)


async def test_nginx_answers_at_any_path(tmp_path: Path) -> None:
    async with running_nginx(tmp_path, access_log=True) as nginx, aiohttp.ClientSession() as http:
        for path in ("", "a/b?c=d"):
            async with http.get(nginx.url + path) as response:
                assert (response.status, await response.read()) == (200, b"ok\n")
        await nginx.restart()
        async with http.get(nginx.url) as response:
            assert response.status == 200
    assert "GET /a/b?c=d" in (tmp_path / "access.log").read_text()
    assert not programs_naming(tmp_path)


async def test_postgres_gives_every_test_its_own_database() -> None:
    async with running_postgres() as dsn:
        template = await fresh_database(dsn)
        connection = await asyncpg.connect(template)
        await connection.execute("create table ready ()")
        name = await connection.fetchval("select current_database()")
        await connection.close()
        copy = await asyncpg.connect(await fresh_database(dsn, template=name))
        empty = await asyncpg.connect(await fresh_database(dsn))
        assert await copy.fetchval("select to_regclass('ready')::text") == "ready"
        assert await empty.fetchval("select to_regclass('ready')::text") is None
        await copy.close()
        await empty.close()
