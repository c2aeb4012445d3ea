"""Webhooks: the event as it is, signed after Standard Webhooks."""

import base64
import hmac
import time
from typing import ClassVar
from urllib.parse import urlsplit

import aiohttp
import orjson

from vedette.core.channel import ChannelConfig, WebhookConfig, signing_key
from vedette.notifier.channel import Channel
from vedette.notifier.delivery import Delivery, SendFailed
from vedette.notifier.http import excerpt, retry_after_s, unreachable
from vedette.telemetry.traces import traceparent


class Webhook(Channel):
    """A POST to a URL. Its id is the same on every attempt, so receivers recognise it."""

    kind: ClassVar[str] = "webhook"

    async def send(self, delivery: Delivery, config: ChannelConfig) -> str | None:
        """Any 2xx is an acceptance; an id is not given."""
        assert isinstance(config, WebhookConfig)
        body = orjson.dumps(delivery.event)
        headers = {
            "Content-Type": "application/cloudevents+json",
            **signature(str(delivery.id), int(time.time()), body, config.secret),
        }
        if parent := traceparent():
            headers["traceparent"] = parent
        host = urlsplit(delivery.recipient).hostname
        try:
            async with self.http.post(
                delivery.recipient, data=body, headers=headers, allow_redirects=False
            ) as response:
                said = await excerpt(response, delivery.recipient)
                if not 200 <= response.status < 300:
                    raise _refusal(response, said)
        except (aiohttp.ClientError, OSError) as error:
            raise SendFailed(unreachable(f"{host}", error)) from error
        return None


def signature(message: str, at_s: int, body: bytes, secret: str) -> dict[str, str]:
    """The headers by which a receiver knows that the message is ours, new, and whole."""
    signed = f"{message}.{at_s}.".encode() + body
    digest = hmac.digest(signing_key(secret), signed, "sha256")
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _refusal(response: aiohttp.ClientResponse, said: str) -> SendFailed:
    """Only "gone" and redirects are final: receivers answer 4xx while they are being mended."""
    status = f"{response.status} {response.reason or ''}".strip()
    if 300 <= response.status < 400:
        return SendFailed(
            f"the receiver redirects ({status}), and redirects are not followed", permanent=True
        )
    return SendFailed(
        f"the receiver answered {status}: {said}" if said else f"the receiver answered {status}",
        permanent=response.status == 410,
        retry_after_s=retry_after_s(response),
    )
