"""Kind mqtt against Mosquitto."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import trustme
from tests.prober.looking import look_by, why, write_identity

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.testing.mosquitto import Mosquitto, running_mosquitto
from vedette.testing.waiting import eventually

AUTHORITY = trustme.CA()
CA = AUTHORITY.cert_pem.bytes().decode()
ANN: dict[str, Any] = {"username": "ann", "password": "right-secret"}
ACL = "user ann\ntopic readwrite ann/#\ntopic read $SYS/#\n"
every_version = pytest.mark.parametrize("version", ["3.1.1", "5"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mosquitto]:
    place = tmp_path_factory.mktemp("mosquitto")
    pem = write_identity(AUTHORITY, place / "own.pem", "127.0.0.1")
    passwords = {"ann": ANN["password"]}
    async with running_mosquitto(place, passwords=passwords, acl=ACL, pem=pem) as running:
        yield running


async def look(context: Context, broker: Mosquitto, **target: Any) -> Seen:
    return await look_by(context, "mqtt", broker.port, **{**ANN, **target})


@every_version
async def test_a_login_and_a_ping(context: Context, mosquitto: Mosquitto, version: str) -> None:
    seen = await look(context, mosquitto, version=version)
    assert seen.trouble is None
    assert list(seen.phases) == ["connect", "login", "exchange"]


@every_version
async def test_within_tls(context: Context, mosquitto: Mosquitto, version: str) -> None:
    target: dict[str, Any] = {**ANN, "version": version, "tls": {"ca": CA}}
    seen = await look_by(context, "mqtt", mosquitto.tls_port, **target)
    assert seen.trouble is None
    assert list(seen.phases) == ["connect", "tls", "login", "exchange"]
    assert seen.subjects["certificate"]["chain_valid"]


async def test_a_certificate_of_another_host(context: Context, mosquitto: Mosquitto) -> None:
    tls = {"ca": CA, "server_name": "other.example"}
    seen = await look_by(context, "mqtt", mosquitto.tls_port, tls=tls, **ANN)
    assert why(seen)[0] is Reason.TLS_HOSTNAME


async def test_tls_where_none_is_spoken(context: Context, mosquitto: Mosquitto) -> None:
    reason, _ = why(await look(context, mosquitto, tls={}))
    assert reason in {Reason.TLS_HANDSHAKE, Reason.CONNECT_RESET}  # which one is a race


@every_version
@pytest.mark.parametrize("login", [{"password": "wrong-secret"}, {"username": "bob"}])
async def test_refused_logins(
    context: Context, mosquitto: Mosquitto, version: str, login: dict[str, str]
) -> None:
    reason, message = why(await look(context, mosquitto, version=version, **login))
    assert reason is Reason.STATUS
    assert message.startswith(f"log in as {login.get('username', 'ann')}: ")
    assert message.endswith({"3.1.1": "5 Not authorized", "5": "135 Not authorized"}[version])
    assert "secret" not in message


@every_version
@pytest.mark.parametrize("qos", [0, 1])
async def test_a_round_trip(context: Context, mosquitto: Mosquitto, version: str, qos: int) -> None:
    asked = {"topic": "ann/check", "round_trip": True, "version": version, "qos": qos}
    seen = await look(context, mosquitto, **asked)
    assert seen.trouble is None


async def test_round_trips_at_once_do_not_take_each_others(
    context: Context, mosquitto: Mosquitto
) -> None:
    asked = {"topic": "ann/busy", "round_trip": True, "qos": 1}
    looks = [look(context, mosquitto, **asked) for _ in range(20)]
    assert [seen.trouble for seen in await asyncio.gather(*looks)] == [None] * 20


async def test_a_topic_that_may_not_be_published_to(context: Context, mosquitto: Mosquitto) -> None:
    asked = {"topic": "bob/check", "round_trip": True, "version": "5", "qos": 1}
    reason, message = why(await look(context, mosquitto, **asked))
    assert reason is Reason.STATUS
    assert "published to bob/check" in message
    assert message.endswith("135 Not authorized")


@every_version
async def test_a_message_that_is_kept(context: Context, mosquitto: Mosquitto, version: str) -> None:
    asked = {"topic": "$SYS/broker/version", "expect": r"^mosquitto version \d"}
    seen = await look(context, mosquitto, version=version, **asked)
    assert seen.trouble is None
    assert seen.facts["retained"] is True
    assert seen.answer is not None
    assert seen.answer.text().startswith("mosquitto version")


async def test_a_message_at_any_of_several_topics(context: Context, mosquitto: Mosquitto) -> None:
    seen = await look(context, mosquitto, topic="$SYS/+/version")
    assert seen.facts["topic"] == "$SYS/broker/version"


async def test_a_message_that_does_not_fit(context: Context, mosquitto: Mosquitto) -> None:
    asked = {"topic": "$SYS/broker/version", "expect": "HiveMQ"}
    reason, message = why(await look(context, mosquitto, **asked))
    assert reason is Reason.BODY
    assert "expected one with 'HiveMQ', got 'mosquitto version" in message


async def test_a_topic_where_nothing_comes(context: Context, mosquitto: Mosquitto) -> None:
    reason, message = why(await look(context, mosquitto, topic="ann/nothing", timeout_s=0.5))
    assert reason is Reason.TIMEOUT
    assert "wait for a message on ann/nothing" in message


async def test_a_broker_that_is_frozen(context: Context, mosquitto: Mosquitto) -> None:
    mosquitto.freeze()
    try:
        seen = await look(context, mosquitto, timeout_s=0.5)
    finally:
        mosquitto.thaw()
    assert why(seen)[0] is Reason.TIMEOUT
    await eventually(mosquitto.answers, within=20)


async def test_anybody_where_nobody_needs_a_name(context: Context, tmp_path: Path) -> None:
    async with running_mosquitto(tmp_path / "open") as broker:
        seen = await look_by(context, "mqtt", broker.port)
    assert seen.trouble is None
