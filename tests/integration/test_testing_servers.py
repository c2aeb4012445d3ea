"""The private servers of `vedette.testing`: each is started, talked to, broken and brought back."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aio_pika
import aiohttp
import aiosmtplib
import asyncpg
import dns.asyncquery
import dns.message
import dns.rcode
import pytest
from redis.asyncio import Redis as RedisClient
from redis.exceptions import TimeoutError as RedisTimeoutError

from vedette.testing import installing, needs
from vedette.testing.certificates import Flavour
from vedette.testing.names import NameServer, running_nameserver
from vedette.testing.nginx import running_nginx
from vedette.testing.ports import free_port
from vedette.testing.postgres import fresh_database, running_postgres
from vedette.testing.process import Child
from vedette.testing.rabbitmq import Broker, running_rabbitmq
from vedette.testing.redis import running_redis
from vedette.testing.sink import Sink, running_sink
from vedette.testing.smtp import Encryption, Mailbox, running_mailbox
from vedette.testing.target import Target, running_target
from vedette.testing.twilio import Twilio, running_twilio
from vedette.testing.waiting import eventually

# waiting, ports, processes


async def test_eventually_returns_the_first_truthy_value() -> None:
    values = iter([0, None, 7])
    assert await eventually(lambda: next(values), every=0) == 7


async def test_eventually_awaits_and_then_says_what_it_waited_for() -> None:
    async def never() -> list[str]:
        return []

    with pytest.raises(AssertionError, match=r"not within 0.01 s: a miracle \(last value: \[\]\)"):
        await eventually(never, within=0.01, every=0.001, what="a miracle")


def test_ports_are_given_out_once() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50


FAMILY = "import os, time; os.fork(); print(os.getpid(), flush=True); time.sleep(60)"


async def family(tmp_path: Path) -> Child:
    return await Child.start([sys.executable, "-c", FAMILY], log=tmp_path / "family.log")


async def members(child: Child) -> list[int]:
    await eventually(lambda: len(child.log_text().split()) == 2, what="parent and child")
    return [int(pid) for pid in child.log_text().split()]


def state(pid: int) -> str:
    """R, S, T (stopped), Z (zombie), or nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return ""


async def test_a_child_takes_its_descendants_along(tmp_path: Path) -> None:
    async with await family(tmp_path) as child:
        pids = await members(child)
        child.freeze()
        await eventually(lambda: [state(pid) for pid in pids] == ["T", "T"], what="frozen")
        child.thaw()
        await eventually(lambda: [state(pid) for pid in pids] == ["S", "S"], what="thawed")
        child.terminate()
        assert await child.wait() == -signal.SIGTERM
        await eventually(lambda: {state(pid) for pid in pids} <= {"", "Z"}, what="all gone")


async def test_a_child_is_gone_after_its_block(tmp_path: Path) -> None:
    async with await family(tmp_path) as child:
        pids = await members(child)
    assert child.returncode == -signal.SIGKILL
    await eventually(lambda: {state(pid) for pid in pids} <= {"", "Z"}, what="all gone")


async def test_a_child_keeps_its_exit_code_and_words(tmp_path: Path) -> None:
    script = "import os; print(os.environ['WORD'], os.getcwd()); raise SystemExit(3)"
    argv = [sys.executable, "-c", script]
    log, env = tmp_path / "log", {"WORD": "hello"}
    async with await Child.start(argv, log=log, env=env, cwd=tmp_path) as child:
        assert await child.wait() == 3
        assert child.log_text() == f"hello {tmp_path}\n"


# RabbitMQ


async def publish(broker: Broker, queue: str, kind: str) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": kind})
        message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=queue)


async def first(broker: Broker, queue: str, arguments: dict[str, str] | None = None) -> bytes:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        await channel.set_qos(1)
        declared = await channel.get_queue(queue)
        async with declared.iterator(timeout=20, arguments=arguments) as messages:
            message = await anext(messages)
            await message.ack()
            return message.body


async def from_stream(broker: Broker) -> bytes:
    try:
        return await first(broker, "stream", {"x-stream-offset": "first"})
    except aio_pika.exceptions.ChannelNotFoundEntity:
        return b""


async def test_rabbitmq_keeps_its_messages_whatever_happens_to_it(tmp_path: Path) -> None:
    async with running_rabbitmq(tmp_path) as broker:
        await publish(broker, "classic", "classic")
        await publish(broker, "quorum", "quorum")
        await publish(broker, "stream", "stream")
        await broker.restart()
        assert await first(broker, "classic") == b"kept"
        await broker.kill()
        with pytest.raises(OSError):  # noqa: PT011 - which one depends on the client
            await aio_pika.connect(broker.url)
        await broker.start()
        assert await first(broker, "quorum") == b"kept"
        # A stream elects its leader anew, some seconds after the broker answers.
        replayed = await eventually(lambda: from_stream(broker), within=30, what="the stream")
        assert replayed == b"kept"
        await broker.stop()
        with pytest.raises(RuntimeError, match="not running"):
            _ = broker.pid
    assert not programs_naming(tmp_path)


def programs_naming(folder: Path) -> list[str]:
    """Processes with a folder in their arguments or environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in known and int(process.name) != os.getpid():
            found.append(process.name)
    return found


async def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    async with running_redis(tmp_path) as redis:
        await redis.stop()
        redis._argv = [redis._argv[0], "--no-such-option", "1"]
        with pytest.raises(RuntimeError, match=r"(?s)redis-server ended with 1.*no-such-option"):
            await redis.start()


# Redis, nginx, PostgreSQL


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


# mail


def a_mail(key: str = "<1@vedette>") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "v@example.org", "you@example.org", "Down: café"
    mail["Message-ID"] = key
    mail.set_content("Schluß\n")
    return mail


async def send(mailbox: Mailbox, mail: EmailMessage, **options: Any) -> None:
    trust = ssl.create_default_context(cafile=mailbox.ca_file) if mailbox.ca_file else None
    host = "localhost" if mailbox.ca_file else mailbox.host
    await aiosmtplib.send(
        mail, hostname=host, port=mailbox.port, tls_context=trust, timeout=1, **options
    )


async def test_a_mailbox_shows_each_message_once() -> None:
    async with running_mailbox() as mailbox:
        for key in ("<1@v>", "<1@v>", "<2@v>"):
            await send(mailbox, a_mail(key))
        assert len(mailbox.messages) == 3
        assert [mail["Message-ID"] for mail in mailbox.visible()] == ["<1@v>", "<2@v>"]
        assert mailbox.messages[0]["Subject"] == "Down: café"
        assert mailbox.messages[0].get_content() == "Schluß\n"


async def test_a_mailbox_refuses_rejects_and_goes_away() -> None:
    async with running_mailbox() as mailbox:
        mailbox.refusing = True
        with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
            await send(mailbox, a_mail())
        assert refused.value.code == 451
        mailbox.refusing, mailbox.rejecting = False, True
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as rejected:
            await send(mailbox, a_mail())
        assert rejected.value.recipients[0].code == 550
        mailbox.rejecting = False
        await mailbox.stop()
        with pytest.raises(aiosmtplib.SMTPConnectError):
            await send(mailbox, a_mail())
        await mailbox.start()
        assert mailbox.messages == []
        await send(mailbox, a_mail())
        assert len(mailbox.messages) == 1


async def test_a_mailbox_may_lose_its_answer() -> None:
    async with running_mailbox() as mailbox:
        mailbox.losing_answers = True
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await send(mailbox, a_mail())
        mailbox.losing_answers = False
        await send(mailbox, a_mail())
        assert (len(mailbox.messages), len(mailbox.visible())) == (2, 1)


@pytest.mark.parametrize("more", [b"", b"\x16\x03\x01\x02\x00\x01"])
async def test_a_mailbox_stops_with_a_client_that_breaks_off_the_handshake(more: bytes) -> None:
    async with running_mailbox(encryption="starttls") as mailbox:
        reader, writer = await asyncio.open_connection(mailbox.host, mailbox.port)
        writer.write(b"EHLO a.example\r\n")
        await reader.readuntil(b"250 ")
        writer.write(b"STARTTLS\r\n")
        await reader.readuntil(b"Ready to start TLS\r\n")
        writer.write(more)
        await mailbox.stop()
        writer.close()


async def test_a_mailbox_stops_with_an_idle_client() -> None:
    async with running_mailbox() as mailbox:
        reader, writer = await asyncio.open_connection(mailbox.host, mailbox.port)
        assert (await reader.readline()).startswith(b"220")
        await mailbox.stop()
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("encryption", ["starttls", "implicit"])
async def test_a_mailbox_over_tls(encryption: Encryption) -> None:
    async with running_mailbox(encryption=encryption) as mailbox:
        implicit = encryption == "implicit"
        await send(mailbox, a_mail(), use_tls=implicit, start_tls=not implicit)
        assert len(mailbox.messages) == 1
        with pytest.raises(aiosmtplib.SMTPException):
            await send(mailbox, a_mail(), use_tls=False, start_tls=False)
        assert len(mailbox.messages) == 1


async def test_a_mailbox_wants_its_password() -> None:
    async with running_mailbox(login=("me", "secret"), encryption="starttls") as mailbox:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await send(mailbox, a_mail(), username="me", password="wrong", start_tls=True)
        with pytest.raises(aiosmtplib.SMTPResponseException, match=r"530|[Aa]uthentication"):
            await send(mailbox, a_mail(), start_tls=True)
        await send(mailbox, a_mail(), username="me", password="secret", start_tls=True)
        assert len(mailbox.messages) == 1


# Twilio


async def text(twilio: Twilio, token: str = "", **form: str) -> tuple[int, dict[str, object]]:
    async with aiohttp.ClientSession() as http:
        url = f"{twilio.base_url}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"
        auth = aiohttp.encode_basic_auth(twilio.account_sid, token or twilio.auth_token)
        async with http.post(url, data=form, headers={"Authorization": auth}) as response:
            return response.status, await response.json()


async def listed(twilio: Twilio, **query: str) -> list[dict[str, object]]:
    async with aiohttp.ClientSession() as http:
        url = f"{twilio.base_url}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"
        auth = aiohttp.encode_basic_auth(twilio.account_sid, twilio.auth_token)
        async with http.get(url, params=query, headers={"Authorization": auth}) as response:
            messages: list[dict[str, object]] = (await response.json())["messages"]
            return messages


async def test_twilio_takes_and_lists_messages() -> None:
    async with running_twilio() as twilio:
        status, answer = await text(twilio, To="+14155550100", From="+14155550199", Body="down")
        assert (status, answer["status"], answer["date_sent"]) == (201, "queued", None)
        await text(twilio, To="+14155550101", MessagingServiceSid="MG1", Body="other")
        today, tomorrow = (
            time.strftime("%Y-%m-%d", time.gmtime(time.time() + day * 86400)) for day in (0, 1)
        )
        found = await listed(twilio, To="+14155550100", **{"DateSent>": today})
        assert [(m["sid"], m["body"]) for m in found] == [(answer["sid"], "down")]
        assert await listed(twilio, **{"DateSent>": tomorrow}) == []
        assert [m.body for m in twilio.messages] == ["down", "other"]


async def test_twilio_says_no_as_twilio_does() -> None:
    async with running_twilio() as twilio:
        good = {"To": "+14155550100", "From": "+14155550199", "Body": "down"}
        for change, code in (({"To": "12"}, 21211), ({"Body": ""}, 21602), ({"From": ""}, 21603)):
            status, answer = await text(twilio, **{**good, **change})
            assert (status, answer["status"], answer["code"]) == (400, 400, code)
        assert await text(twilio, "wrong", **good) == (
            401,
            await failure(20003, 401, "Authenticate"),
        )
        twilio.failing = 429
        status, answer = await text(twilio, **good)
        assert (status, answer["code"]) == (429, 20429)
        assert twilio.messages == []


async def failure(code: int, status: int, message: str) -> dict[str, object]:
    url = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": url, "status": status}


# webhooks

KEY = b"twenty-four bytes or so."
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def signed(key: str, body: bytes, at: float | None = None) -> dict[str, str]:
    stamp = str(int(at or time.time()))
    mac = hmac.new(KEY, key.encode() + b"." + stamp.encode() + b"." + body, hashlib.sha256)
    value = base64.b64encode(mac.digest()).decode()
    return {
        "webhook-id": key,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,bm90aGluZw== v1,{value}",
    }


async def deliver(sink: Sink, headers: dict[str, str], body: bytes = b"{}") -> int:
    timeout = aiohttp.ClientTimeout(total=0.5)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.post(sink.url, data=body, headers=headers) as response,
    ):
        return response.status


async def test_a_sink_shows_each_accepted_message_once() -> None:
    async with running_sink() as sink:
        sink.status = 503
        assert await deliver(sink, signed("a", b"{}")) == 503
        assert sink.visible() == []
        sink.status = 204
        for key in ("a", "a", "b"):
            assert await deliver(sink, signed(key, b"{}")) == 204
        assert [arrival.id for arrival in sink.raw] == ["a", "a", "a", "b"]
        assert [arrival.id for arrival in sink.visible()] == ["a", "b"]
        assert sink.visible()[0].json() == {}


async def test_a_sink_that_hangs() -> None:
    async with running_sink() as sink:
        sink.hang = True
        with pytest.raises(TimeoutError):
            await deliver(sink, signed("a", b"{}"))
        await eventually(lambda: sink.raw[0].abandoned, what="the sender hung up")
        sink.hang = False
        assert await deliver(sink, signed("b", b"{}")) == 200
        assert [arrival.id for arrival in sink.visible()] == ["b"]
        sink.hang = True
        with pytest.raises(TimeoutError):
            await deliver(sink, signed("c", b"{}"))


async def test_a_sink_checks_signatures() -> None:
    async with running_sink() as sink:
        await deliver(sink, signed("a", b'{"x":1}'), b'{"x":1}')
        sink.raw[-1].verify(SECRET)
        with pytest.raises(AssertionError, match="does not match"):
            sink.raw[-1].verify("whsec_b3RoZXI=")
        await deliver(sink, signed("a", b"{}"), b"{ }")
        with pytest.raises(AssertionError, match="does not match"):
            sink.raw[-1].verify(SECRET)
        await deliver(sink, signed("a", b"{}", at=time.time() - 1000))
        with pytest.raises(AssertionError, match="webhook-timestamp is off"):
            sink.raw[-1].verify(SECRET)


# targets


async def fetch(target: Target, body: bytes | None = None) -> tuple[int, bytes]:
    timeout = aiohttp.ClientTimeout(total=0.6)
    trust = ssl.create_default_context(cafile=target.ca_file) if target.ca_file else True
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.request("GET", target.url, ssl=trust, data=body) as response,
    ):
        return response.status, await response.read()


async def test_a_target_that_answers() -> None:
    async with running_target() as target:
        target.body = b"fine"
        assert await fetch(target) == (200, b"fine")
        target.mode = "status:503"
        assert await fetch(target, b"question") == (503, b"fine")
        assert [request.body for request in target.requests] == [b"", b"question"]
        assert target.requests[0].method == "GET"
        with pytest.raises(ValueError, match="no such mode"):
            target.mode = "sideways"


async def test_a_target_on_one_connection() -> None:
    async with running_target() as target, aiohttp.ClientSession() as http:
        async with http.head(target.url) as response:
            assert (response.status, await response.read()) == (200, b"")

        async def chunks() -> AsyncIterator[bytes]:
            yield b"one"
            yield b"two"

        async with http.post(f"{target.url}x?y", data=chunks()) as response:
            assert await response.read() == target.body
        assert [(r.path, r.body) for r in target.requests] == [("/", b""), ("/x?y", b"onetwo")]


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        ("hang", TimeoutError),
        ("slow", TimeoutError),
        ("reset", aiohttp.ClientOSError),
        ("redirect_loop", aiohttp.TooManyRedirects),
        ("garbage", aiohttp.ClientResponseError),
        ("truncated", aiohttp.ClientPayloadError),
    ],
)
async def test_a_target_that_misbehaves(mode: str, problem: type[Exception]) -> None:
    async with running_target() as target:
        target.mode = mode
        with pytest.raises(problem):
            await fetch(target)
        target.mode = "up"
        assert (await fetch(target))[0] == 200


async def test_a_target_that_dribbles_gets_there() -> None:
    async with running_target() as target:
        target.mode, target.pace = "slow", 0.001
        assert await fetch(target) == (200, target.body)


async def test_a_redirect_loop_counts_its_hops() -> None:
    async with running_target() as target:
        target.mode = "redirect_loop"
        with pytest.raises(aiohttp.TooManyRedirects):
            await fetch(target)
        assert [r.path for r in target.requests][:3] == ["/", "/?hop=1", "/?hop=2"]


async def test_a_target_that_refuses_and_returns() -> None:
    async with running_target() as target:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        await target.refuse()
        with pytest.raises(aiohttp.ClientConnectorError):
            await fetch(target)
        assert await reader.read() == b""
        writer.close()
        await target.listen()
        assert (await fetch(target))[0] == 200


async def test_a_target_over_tls() -> None:
    async with running_target(tls="valid") as target:
        assert await fetch(target) == (200, target.body)
        target.mode = "reset"
        with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
            await fetch(target)


@pytest.mark.parametrize(
    ("flavour", "complaint"),
    [
        ("expired", "certificate has expired"),
        ("self_signed", "self-signed certificate"),
        ("wrong_host", "not valid for '127.0.0.1'"),
        ("untrusted", "unable to get local issuer certificate"),
    ],
)
async def test_a_target_with_a_bad_certificate(flavour: Flavour, complaint: str) -> None:
    async with running_target(tls=flavour) as target:
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match=complaint):
            await fetch(target)
        assert target.requests == []


# names


async def look_up(server: NameServer, name: str, kind: str = "A", *, tcp: bool = False) -> str:
    query = dns.message.make_query(name, kind)
    ask = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    answer = await ask(query, "127.0.0.1", port=server.port, timeout=0.5)
    data = " ".join(str(item) for rrset in answer.answer for item in rrset)
    return data or dns.rcode.to_text(answer.rcode())


async def test_a_name_server_says_what_it_is_told() -> None:
    records = {
        "a.test": "192.0.2.1",
        "six.test": "2001:db8::1",
        "both.test": ["192.0.2.1", "192.0.2.2", 'TXT "hello there"', "MX 10 mail.test."],
        "alias.test": "CNAME a.test.",
        "broken.test": "SERVFAIL",
        "silent.test": "SILENT",
    }
    async with running_nameserver(records) as server:
        assert server.address == f"127.0.0.1:{server.port}"
        assert await look_up(server, "A.test") == "192.0.2.1"
        assert await look_up(server, "a.test", tcp=True) == "192.0.2.1"
        assert await look_up(server, "a.test", "AAAA") == "NOERROR"
        assert await look_up(server, "six.test", "AAAA") == "2001:db8::1"
        assert await look_up(server, "both.test") == "192.0.2.1 192.0.2.2"
        assert await look_up(server, "both.test", "TXT") == '"hello there"'
        assert await look_up(server, "both.test", "MX") == "10 mail.test."
        assert await look_up(server, "alias.test") == "a.test."
        assert await look_up(server, "other.test") == "NXDOMAIN"
        assert await look_up(server, "broken.test") == "SERVFAIL"
        with pytest.raises(dns.exception.Timeout):
            await look_up(server, "silent.test")
        server.records["other.test"] = "192.0.2.9"
        assert await look_up(server, "other.test") == "192.0.2.9"
        assert server.queries[0] == ("a.test", "A")


# what is needed


def test_everything_needed_is_here() -> None:
    assert needs.missing() == []
    assert needs.main([]) == 0


def test_a_missing_program_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = needs.Need("rabbitmq-server", ("no-such-program",), "rabbitmq-server")
    optional = needs.Need("chromium", ("no-such-browser",), "chromium", only_with="browser")
    monkeypatch.setattr(needs, "NEEDS", (absent, optional))
    monkeypatch.setattr(installing, "install", lambda packages: "not root")
    with pytest.raises(needs.NotInstalledError, match=r"apt-get install rabbitmq-server \(or run"):
        needs.require("rabbitmq-server")
    assert needs.main([]) == 1
    said = "install what the tests need: apt-get install rabbitmq-server (not root)\n"
    assert capsys.readouterr().err == said
    assert needs.main(["--with", "browser"]) == 1
    assert "rabbitmq-server chromium" in capsys.readouterr().err


def policy(path: Path, code: int) -> str:
    path.write_text(f"#!/bin/sh\nexit {code}\n")
    path.chmod(0o755)
    return path.read_text()


def test_no_service_starts_during_an_installation(tmp_path: Path) -> None:
    path = tmp_path / "policy-rc.d"
    with installing.no_services(path):
        assert os.access(path, os.X_OK)
        assert "exit 101" in path.read_text()
    assert list(tmp_path.iterdir()) == []


def test_a_policy_of_the_machine_is_put_back(tmp_path: Path) -> None:
    path = tmp_path / "policy-rc.d"
    lenient = policy(path, 0)
    with installing.no_services(path):
        assert "exit 101" in path.read_text()
    assert path.read_text() == lenient
    strict = policy(path, 101)
    with installing.no_services(path):
        assert path.read_text() == strict
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_installation_is_put_right_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "policy-rc.d"
    lenient = policy(path, 0)
    killed = installing.no_services(path)
    killed.__enter__()  # and never left
    with installing.no_services(path):
        assert "exit 101" in path.read_text()
    assert path.read_text() == lenient
