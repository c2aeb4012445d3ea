"""Kind rabbitmq against RabbitMQ."""

from collections.abc import AsyncIterator
from typing import Any

import aio_pika
import pytest
import pytest_asyncio
import trustme
from tests.prober.looking import look_by, why, write_identity

from vedette.core.kinds.rabbitmq import RabbitmqMonitor
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Expectation, Seen, judge
from vedette.testing.rabbitmq import Broker, running_rabbitmq
from vedette.testing.waiting import eventually

AUTHORITY = trustme.CA()
CA = AUTHORITY.cert_pem.bytes().decode()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    place = tmp_path_factory.mktemp("rabbitmq")
    pem = write_identity(AUTHORITY, place / "own.pem", "127.0.0.1")
    async with running_rabbitmq(place / "node", pem=pem) as broker:
        yield broker


async def look(context: Context, broker: Broker, **target: Any) -> Seen:
    return await look_by(context, "rabbitmq", broker.port, **target)


async def test_a_login_and_a_channel(context: Context, rabbitmq: Broker) -> None:
    seen = await look(context, rabbitmq)
    assert seen.trouble is None
    assert list(seen.phases) == ["connect", "login", "exchange"]
    assert seen.facts["product"] == "RabbitMQ"
    assert seen.facts["version"] == seen.subjects["json"]["version"]


async def test_a_login_within_tls(context: Context, rabbitmq: Broker) -> None:
    seen = await look_by(context, "rabbitmq", rabbitmq.tls_port, tls={"ca": CA})
    assert seen.trouble is None
    assert list(seen.phases) == ["connect", "tls", "login", "exchange"]
    assert seen.subjects["certificate"]["chain_valid"]


async def test_a_certificate_of_another_host(context: Context, rabbitmq: Broker) -> None:
    tls = {"ca": CA, "server_name": "other.example"}
    seen = await look_by(context, "rabbitmq", rabbitmq.tls_port, tls=tls)
    assert why(seen)[0] is Reason.TLS_HOSTNAME


async def test_tls_where_none_is_spoken(context: Context, rabbitmq: Broker) -> None:
    assert why(await look(context, rabbitmq, tls={}))[0] is Reason.TLS_HANDSHAKE


async def test_a_port_that_expects_tls(context: Context, rabbitmq: Broker) -> None:
    seen = await look_by(context, "rabbitmq", rabbitmq.tls_port)
    assert why(seen)[0] is Reason.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("target", "doing", "words"),
    [
        ({"password": "wrong-secret"}, "log in as guest to /", "403 ACCESS_REFUSED"),
        ({"username": "nobody"}, "log in as nobody to /", "403 ACCESS_REFUSED"),
        ({"vhost": "nowhere"}, "log in as guest to nowhere", "vhost nowhere not found"),
        ({"queue": "no such queue (ä)"}, "look for the queue no such queue (ä)", "404 NOT_FOUND"),
    ],
)
async def test_refusals(
    context: Context, rabbitmq: Broker, target: dict[str, Any], doing: str, words: str
) -> None:
    reason, message = why(await look(context, rabbitmq, **target))
    assert reason is Reason.STATUS
    assert message.startswith(f"{doing}: 127.0.0.1:{rabbitmq.port}: ")
    assert words in message
    assert "secret" not in message


async def test_what_is_in_a_queue_can_be_judged(context: Context, rabbitmq: Broker) -> None:
    async with await aio_pika.connect(rabbitmq.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("orders.new", exclusive=False, auto_delete=True)
        for _ in range(3):
            await channel.default_exchange.publish(aio_pika.Message(b"x"), queue.name)
        seen = await look(context, rabbitmq, queue=queue.name)
        await queue.delete(if_unused=False, if_empty=False)
    assert seen.trouble is None
    assert (seen.facts["messages"], seen.facts["consumers"]) == (3, 0)
    verdict = judge(seen, _expecting("json $.messages < 3"))
    assert verdict.reason is Reason.JSON
    assert judge(seen, _expecting("json $.messages < 4")).reason is None


async def test_a_round_trip_that_is_no_accident_to_the_broker(
    context: Context, rabbitmq: Broker
) -> None:
    accidents = rabbitmq.log.read_text().count("unexpectedly closed")
    seen = await look(context, rabbitmq, round_trip=True)
    assert seen.trouble is None
    assert rabbitmq.log.read_text().count("unexpectedly closed") == accidents


async def test_a_broker_that_is_frozen(context: Context, rabbitmq: Broker) -> None:
    rabbitmq.freeze()
    try:
        seen = await look(context, rabbitmq, timeout_s=0.5)
    finally:
        rabbitmq.thaw()
    reason, message = why(seen)
    assert reason is Reason.TIMEOUT
    assert "log in as guest to /" in message
    await eventually(rabbitmq.answers, within=20)


def _expecting(assertion: str) -> Expectation:
    target = {"host": "a.example"}
    monitor = RabbitmqMonitor.model_validate(
        {"name": "x", "target": target, "assertions": [assertion]}
    )
    return Expectation.of(monitor.assertions)
