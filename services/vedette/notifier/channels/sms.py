"""Text messages by Twilio's REST API."""

from typing import Any, ClassVar
from uuid import UUID

import aiohttp
import orjson

from vedette.core.channel import ChannelConfig
from vedette.core.events import Event
from vedette.notifier import rendering
from vedette.notifier.channel import Channel
from vedette.notifier.delivery import Delivery, SendFailed
from vedette.notifier.http import retry_after_s, unreachable
from vedette.notifier.words import one_line

# Credentials and account can be mended (401, 404), and the rest passes.
_TEMPORARY = frozenset({401, 404, 408, 429})
# Newest first: whatever came after an attempt at this number fits.
_PAGE = 100


class Sms(Channel):
    """Text messages. Twilio has no idempotency key, so a message carries a reference."""

    kind: ClassVar[str] = "sms"

    async def send(self, delivery: Delivery, config: ChannelConfig) -> str | None:
        """Returns the message's SID."""
        event = Event.model_validate(delivery.event)
        form = {
            "To": delivery.recipient,
            "From": self.settings.twilio_from or "",
            "Body": rendering.text_message(event, reference=reference(delivery.id)),
        }
        answer = await self._call("POST", data=form)
        return one_line(str(answer["sid"]))

    async def find(self, delivery: Delivery) -> str | None:
        """Look through what this number was sent.

        Not filtered by date: a message has none until it leaves Twilio's queue.
        """
        wanted = f"(ref {reference(delivery.id)})"
        answer = await self._call("GET", params={"To": delivery.recipient, "PageSize": str(_PAGE)})
        for message in answer["messages"]:
            if wanted in message["body"]:
                return one_line(str(message["sid"]))
        return None

    async def _call(self, method: str, **arguments: Any) -> Any:
        account, credentials = self._account()
        url = f"{self.settings.twilio_url}/2010-04-01/Accounts/{account}/Messages.json"
        try:
            async with self.http.request(
                method,
                url,
                headers={"Authorization": credentials},
                allow_redirects=False,
                **arguments,
            ) as response:
                return _answer(response, await response.read())
        except aiohttp.ClientConnectorError as error:
            raise SendFailed(unreachable("Twilio", error)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise SendFailed(unreachable("Twilio", error), uncertain=True) from error

    def _account(self) -> tuple[str, str]:
        settings = self.settings
        account, token = settings.twilio_account_sid, settings.twilio_auth_token
        if account is None or token is None or settings.twilio_from is None:
            raise SendFailed(
                "text messages are not set up: VEDETTE_TWILIO_ACCOUNT_SID,"
                " VEDETTE_TWILIO_AUTH_TOKEN and VEDETTE_TWILIO_FROM are all needed"
            )
        return account, aiohttp.encode_basic_auth(account, token.get_secret_value())


def reference(delivery: UUID) -> str:
    """What tells this message from the others to the same number."""
    return delivery.hex[:6]


def _answer(response: aiohttp.ClientResponse, body: bytes) -> Any:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise SendFailed(
            f"Twilio answered {response.status} without an explanation", uncertain=True
        )
    if response.status < 300:
        return answer
    code, explanation = answer.get("code"), answer.get("message")
    raise SendFailed(
        f"Twilio answered {response.status}: {explanation} (error {code})",
        permanent=400 <= response.status < 500 and response.status not in _TEMPORARY,
        uncertain=response.status >= 500,
        retry_after_s=retry_after_s(response),
    )
