"""Mail headers and webhook signatures."""

import base64
import hashlib
import hmac
from email import message_from_bytes
from email.policy import default
from uuid import UUID, uuid4

import pytest
from aiosmtplib.email import flatten_message
from tests.notifier.given import AT_MS, an_incident, opened, resolved

from vedette.core.events import Event
from vedette.notifier.channels import channel_types
from vedette.notifier.channels.email import compose
from vedette.notifier.channels.webhook import signature
from vedette.notifier.delivery import Delivery
from vedette.notifier.domain.affairs import affair_of
from vedette.notifier.domain.telling import Audience, Received, deliveries_of_affair
from vedette.notifier.settings import NotifierSettings

CHANNEL = UUID(int=5)


def delivery_of(event: Event, recipient: str = "ann@example.org") -> Delivery:
    received = Received(event, event.model_dump(mode="json"))
    audience = Audience(CHANNEL, "email", [recipient])
    [delivery] = deliveries_of_affair(received, affair_of(event), [audience])
    return delivery


def settings(**changes: object) -> NotifierSettings:
    return NotifierSettings(**{"smtp_from": "Vedette <watch@vedette.example>", **changes})  # type: ignore[arg-type]


def test_every_kind_is_discovered() -> None:
    assert channel_types().keys() == {"email", "sms", "webhook"}


def test_a_mail_is_recognisable_and_threads() -> None:
    incident = an_incident()
    down, up = (delivery_of(make(incident)) for make in (opened, resolved))
    first, second = (compose(d, settings(), at_ms=AT_MS) for d in (down, up))
    assert first["Message-ID"] == f"<{down.id}@vedette.example>"
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]


def test_a_mail_survives_the_wire() -> None:
    incident = an_incident()
    sent = compose(delivery_of(opened(incident)), settings(), at_ms=AT_MS)
    got = message_from_bytes(sent.as_bytes(), policy=default)
    assert got["Subject"] == "DOWN: Shop API — it answered with an unexpected status"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["X-Vedette-Incident"] == str(incident.id)
    assert got["Date"] == "Sat, 31 Jan 2026 14:07:19 +0000"
    assert got.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in got.iter_parts()] == ["text/plain", "text/html"]


def test_long_message_ids_stay_whole() -> None:
    incident, host = an_incident(), "a-name-that-is-long.notifications.monitoring.example.org"
    delivery = delivery_of(resolved(incident))
    message = compose(delivery, settings(smtp_from=f"watch@{host}"), at_ms=AT_MS)
    opened_id = delivery_of(opened(incident)).id
    # As the mail client writes it: with a policy of its own.
    wire = flatten_message(message).decode()
    assert f"In-Reply-To: <{opened_id}@{host}>\r\n" in wire
    assert f"References: <{opened_id}@{host}>\r\n" in wire


def test_a_signature_is_what_the_standard_says() -> None:
    # The test vector of the Standard Webhooks libraries.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', secret)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"


def test_a_plain_secret_is_its_own_key() -> None:
    message, secret = str(uuid4()), "sixteen or more characters"
    headers = signature(message, 7, b"{}", secret)
    digest = hmac.new(secret.encode(), f"{message}.7.{{}}".encode(), hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


@pytest.mark.parametrize("sender", ["Vedette", "a@b\r\nBcc: c@d"])
def test_a_sender_that_is_no_address_is_refused(sender: str) -> None:
    with pytest.raises(ValueError, match="mail address"):
        NotifierSettings(smtp_from=sender)
