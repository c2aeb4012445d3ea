"""Kind redis against Redis."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.prober.databases import PASSWORD, ask, judged, leaf, pem, why
from tests.prober.talking import Maker

from vedette.core.outcome import Outcome, Reason
from vedette.prober.context import Context
from vedette.testing.ports import free_port
from vedette.testing.redis import Redis, running_redis

TLS_PORT = free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Redis]:
    directory = tmp_path_factory.mktemp("redis")
    own = directory / "own.pem"
    own.write_text(pem())
    files = ["--tls-cert-file", str(own), "--tls-key-file", str(own)]
    tls = ["--tls-port", str(TLS_PORT), *files, "--tls-auth-clients", "no"]
    little = ["--user", "watcher", "on", ">little", "~*", "+get", "+ping"]
    async with running_redis(directory, *tls, *little, "--requirepass", PASSWORD) as server:
        yield server


async def give(context: Context, server: Redis, command: Any) -> Any:
    return await ask(context, "redis", server.port, password=PASSWORD, command=command)


async def test_a_login(context: Context, server: Redis) -> None:
    seen = await ask(context, "redis", server.port, password=PASSWORD)
    assert why(seen) == (None, "")
    assert list(seen.phases) == ["connect", "login", "query"]
    assert str(seen.facts["version"])[0] in "78"
    assert seen.facts["role"] == "master"


async def test_the_login_within_tls(context: Context, server: Redis) -> None:
    tls = {"ca": leaf().pem}
    seen = await ask(context, "redis", TLS_PORT, host="localhost", tls=tls, password=PASSWORD)
    assert why(seen) == (None, "")
    assert list(seen.phases) == ["resolve", "connect", "tls", "login", "query"]
    assert judged(seen, "[CERTIFICATE_EXPIRATION] > 48h").outcome is Outcome.UP


async def test_a_certificate_that_nobody_trusts(context: Context, server: Redis) -> None:
    tls = {"ca": Maker().make("another").pem}
    seen = await ask(context, "redis", TLS_PORT, tls=tls, password=PASSWORD)
    assert why(seen)[0] is Reason.TLS_SELF_SIGNED


async def test_no_tls_there(context: Context, server: Redis) -> None:
    named: dict[str, Any] = {"tls": {}, "password": PASSWORD}
    reason, message = why(await ask(context, "redis", server.port, timeout_s=0.5, **named))
    assert reason is Reason.TIMEOUT  # Redis goes on waiting for the end of a line
    assert message.startswith("TLS handshake")


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (
            {"password": "wrong"},
            "log in: {peer} answered: WRONGPASS invalid username-password pair",
        ),
        ({}, "query: {peer} answered: NOAUTH Authentication required."),
        ({"user": "nobody", "password": "x"}, "log in: {peer} answered: WRONGPASS"),
        (
            {"password": PASSWORD, "database": 99},
            "log in: {peer} answered: ERR DB index is out of range",
        ),
    ],
    ids=["password", "no password", "user", "database"],
)
async def test_a_login_that_is_refused(
    context: Context, server: Redis, named: dict[str, Any], words: str
) -> None:
    seen = await ask(context, "redis", server.port, **named)
    reason, message = why(seen)
    assert reason is Reason.STATUS
    assert words.format(peer=f"127.0.0.1:{server.port}") in message


async def test_a_user_who_may_do_little(context: Context, server: Redis) -> None:
    named: dict[str, Any] = {"user": "watcher", "password": "little"}
    allowed = await ask(context, "redis", server.port, command="GET nothing", **named)
    assert why(allowed) == (None, "")
    reason, message = why(await ask(context, "redis", server.port, command="LLEN jobs", **named))
    assert reason is Reason.STATUS
    assert "NOPERM" in message


async def test_answers(context: Context, server: Redis) -> None:
    await give(context, server, ["SET", "text", '{"state": "fine"}'])
    await give(context, server, "RPUSH jobs one two three")
    text = await give(context, server, "GET text")
    field = {"subject": "json", "property": "$.state", "operator": "equals", "value": "fine"}
    assert judged(text, field).outcome is Outcome.UP
    number = await give(context, server, "LLEN jobs")
    assert judged(number, "[BODY] == 3").outcome is Outcome.UP
    less = {"subject": "json", "operator": "less", "value": 3}
    verdict = judged(number, less)
    assert verdict.reason is Reason.JSON
    assert "3" in (verdict.message or "")
    many = await give(context, server, "LRANGE jobs 0 -1")
    assert many.subjects["body"] == '["one","two","three"]'
    assert judged(many, "len([BODY]) == 3").outcome is Outcome.UP
    nothing = await give(context, server, "GET nothing")
    assert nothing.subjects["body"] == "null"
    assert nothing.facts["size"] == 4


async def test_a_command_that_fails(context: Context, server: Redis) -> None:
    await give(context, server, "SET text x")
    reason, message = why(await give(context, server, "LLEN text"))
    assert reason is Reason.STATUS
    assert message.startswith("query: ")
    assert "WRONGTYPE" in message


async def test_a_command_that_takes_too_long(context: Context, server: Redis) -> None:
    named: dict[str, Any] = {"password": PASSWORD, "command": "BLPOP nothing 0"}
    reason, message = why(await ask(context, "redis", server.port, timeout_s=0.5, **named))
    assert reason is Reason.TIMEOUT
    assert message.startswith("query: ")


async def test_an_answer_that_is_too_large(context: Context, server: Redis) -> None:
    await give(context, server, "SETRANGE large 5000000 x")
    reason, message = why(await give(context, server, "GET large"))
    assert reason is Reason.PROTOCOL_ERROR
    assert "more than 1048576 bytes" in message


async def test_a_server_that_stands_still(context: Context, server: Redis) -> None:
    server.freeze()
    try:
        seen = await ask(context, "redis", server.port, timeout_s=0.5, password=PASSWORD)
    finally:
        server.thaw()
    reason, message = why(seen)
    assert reason is Reason.TIMEOUT
    assert message.startswith("log in")
