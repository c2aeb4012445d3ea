"""What the notifier is told by its environment."""

from email.utils import parseaddr
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from vedette.core.addresses import AddressPolicy, rules
from vedette.core.http import check_url
from vedette.notifier.storm import Storm
from vedette.runtime.settings import KeyedSettings


class NotifierSettings(KeyedSettings):
    """Settings of the notifier."""

    smtp_host: str | None = Field(
        default=None, description="The mail server. Without it no mail is sent."
    )
    smtp_port: int = Field(default=587, ge=1, le=65_535, description="The mail server's port.")
    smtp_user: str | None = Field(
        default=None, description="The user name at the mail server; without it, no login."
    )
    smtp_password: SecretStr | None = Field(
        default=None, description="The password at the mail server."
    )
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        default="starttls",
        description="How mail is encrypted: `starttls` (port 587), `tls` from the first byte "
        "(port 465), or `none`.",
    )
    smtp_ca_file: Path | None = Field(
        default=None,
        description="Certificates (PEM) to trust at the mail server besides the system's.",
    )
    smtp_from: str = Field(default="Vedette <vedette@localhost>", description="The sender of mail.")
    twilio_account_sid: str | None = Field(
        default=None,
        description="The Twilio account that sends text messages. Without it none are sent.",
    )
    twilio_auth_token: SecretStr | None = Field(
        default=None, description="The Twilio account's token."
    )
    twilio_from: str | None = Field(
        default=None, description="The number that text messages come from, like +15005550006."
    )
    twilio_url: str = Field(
        default="https://api.twilio.com", description="Where Twilio's REST API is."
    )
    public_url: str | None = Field(
        default=None,
        description="Where people reach Vedette, like `https://vedette.example`: messages "
        "link to it, and with it the status screen always asks for the API key.",
    )
    send_timeout_s: float = Field(
        default=20, gt=0, le=300, description="Seconds a provider has to accept one message."
    )
    give_up_after_h: float = Field(
        default=24, gt=0, le=720, description="Hours after which a message is given up as failed."
    )

    notifier_forbidden: str = Field(
        default="metadata",
        description="Addresses that messages by HTTP must not be sent to, comma separated: "
        "networks like `10.0.0.0/8`, and `loopback`, `link-local`, `private`, `metadata` (where "
        "clouds tell their machines secrets), `multicast`, `all-internal` (all of these) or "
        "`none`. Forbid `all-internal` where those who make webhooks are strangers to you.",
    )
    notifier_allowed: str = Field(
        default="", description="Exceptions from what is forbidden, listed in the same way."
    )

    heartbeat_url: SecretStr | None = Field(
        default=None,
        description="A URL that is fetched while Vedette as a whole is well, and only then, like "
        "one of healthchecks.io: who is behind it tells people when it is not fetched any more.",
    )
    heartbeat_interval_s: float = Field(
        default=60, ge=1, le=3600, description="Seconds between two fetches of the heartbeat's URL."
    )

    @field_validator("heartbeat_url")
    @classmethod
    def _heartbeat(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            check_url(url.get_secret_value())
        return url

    storm_threshold: int = Field(
        default=10,
        ge=0,
        le=1000,
        description="So many incidents a recipient is told of one by one within "
        "VEDETTE_STORM_WINDOW_S; of what goes down on top of that one digest tells, and so of what "
        "comes back. 0: everything is told by itself.",
    )
    storm_window_s: float = Field(
        default=60,
        gt=0,
        le=3600,
        description="The seconds in which these are counted, and that a digest waits at most.",
    )
    storm_quiet_s: float = Field(
        default=15,
        gt=0,
        le=600,
        description="A digest waits until nothing was added for so many seconds.",
    )

    def storm(self) -> Storm:
        """When a digest tells of incidents."""
        return Storm(
            threshold=self.storm_threshold,
            window_s=self.storm_window_s,
            quiet_s=self.storm_quiet_s,
        )

    def policy(self) -> AddressPolicy:
        """Where messages by HTTP may go."""
        return AddressPolicy(self.notifier_forbidden, self.notifier_allowed)

    @field_validator("notifier_forbidden", "notifier_allowed")
    @classmethod
    def _networks(cls, listed: str) -> str:
        rules(listed)
        return listed

    @field_validator("smtp_from")
    @classmethod
    def _sender(cls, sender: str) -> str:
        if "@" not in parseaddr(sender)[1] or not sender.isprintable():
            raise ValueError("is not a mail address, like Vedette <vedette@example.org>")
        return sender

    @field_validator("public_url", "twilio_url")
    @classmethod
    def _base(cls, url: str | None) -> str | None:
        return None if url is None else url.rstrip("/")
