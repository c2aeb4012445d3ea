"""Channels: where messages go. Each kind's configuration names its secrets."""

import base64
import binascii
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vedette.core.http import check_url
from vedette.core.monitor import Name

_ADDRESS = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]{1,255}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
REDACTED = "********"


class ChannelConfig(BaseModel):
    """What a kind of channel needs. Fields in SECRETS are never shown again."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    SECRETS: ClassVar[frozenset[str]] = frozenset()

    tell_resolved: bool = Field(
        default=True, description="Whether those who were told of an incident are told of its end."
    )

    def recipients(self) -> list[str]:
        """Who gets a message of their own: one delivery each."""
        raise NotImplementedError

    def redacted(self) -> dict[str, Any]:
        """The configuration as the API shows it."""
        shown = self.model_dump(mode="json")
        return {k: REDACTED if k in self.SECRETS and v else v for k, v in shown.items()}


class EmailConfig(ChannelConfig):
    """Mail to each of some addresses."""

    to: list[str] = Field(min_length=1, max_length=50)

    @field_validator("to")
    @classmethod
    def _addresses(cls, to: list[str]) -> list[str]:
        for address in to:
            if not _ADDRESS.fullmatch(address) or not address.isprintable():
                raise ValueError(f"{address!r} is not a mail address")
        return list(dict.fromkeys(to))

    def recipients(self) -> list[str]:
        """Each address."""
        return self.to


class SmsConfig(ChannelConfig):
    """A text message to each of some phone numbers."""

    to: list[str] = Field(min_length=1, max_length=50)

    @field_validator("to")
    @classmethod
    def _numbers(cls, to: list[str]) -> list[str]:
        for number in to:
            if not _E164.fullmatch(number):
                raise ValueError(f"{number!r} is not an E.164 number; write it like +4915112345678")
        return list(dict.fromkeys(to))

    def recipients(self) -> list[str]:
        """Each number."""
        return self.to


class WebhookConfig(ChannelConfig):
    """A signed POST to a URL (Standard Webhooks)."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"secret"})

    url: str = Field(max_length=2048)
    secret: str = Field(
        description="The signing key: `whsec_` and 24 to 64 bytes in base64, or any text of 16 or "
        "more characters, whose UTF-8 bytes are the key."
    )

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        return check_url(url)

    @field_validator("secret")
    @classmethod
    def _strong(cls, secret: str) -> str:
        signing_key(secret)
        return secret

    def recipients(self) -> list[str]:
        """The URL."""
        return [self.url]


def signing_key(secret: str) -> bytes:
    """The key's bytes, after Standard Webhooks: base64 behind `whsec_`, else the text itself.

    Raises ValueError for a malformed or short secret.
    """
    if secret == REDACTED:
        raise ValueError(
            "this is the placeholder of a secret, not a secret; leave it out to keep it"
        )
    if not secret.startswith("whsec_"):
        if len(secret) < 16:
            raise ValueError("a secret has 16 characters or more")
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("what follows whsec_ is base64") from None
    if not 24 <= len(key) <= 64:
        raise ValueError("a whsec_ secret holds 24 to 64 bytes")
    return key


class EmailChannel(BaseModel):
    """A channel of kind email."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    kind: Literal["email"]
    config: EmailConfig


class SmsChannel(BaseModel):
    """A channel of kind sms."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    kind: Literal["sms"]
    config: SmsConfig


class WebhookChannel(BaseModel):
    """A channel of kind webhook."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    kind: Literal["webhook"]
    config: WebhookConfig


ChannelSpec = Annotated[EmailChannel | SmsChannel | WebhookChannel, Field(discriminator="kind")]
CONFIGS: dict[str, type[ChannelConfig]] = {
    "email": EmailConfig,
    "sms": SmsConfig,
    "webhook": WebhookConfig,
}
