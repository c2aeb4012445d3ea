"""Settings that every process has, read from the environment by `__main__` alone."""

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vedette.bus.api import Retention
from vedette.telemetry.admin import split_address
from vedette.telemetry.logs import LogFormat, LogLevel

_DAY_S = 86_400
_URLS = {
    # The last is how `vedette up` has processes of its own find the bus inside it.
    "amqp_url": ("amqp://", "amqps://", "unix://"),
    "database_url": ("postgresql://", "postgres://"),
    "redis_url": ("redis://", "rediss://", "unix://"),
}
ENVIRONMENT = SettingsConfigDict(env_prefix="VEDETTE_", env_ignore_empty=True, extra="ignore")


class ProcessSettings(BaseSettings):
    """Settings of every process."""

    model_config = ENVIRONMENT

    amqp_url: SecretStr | None = Field(
        default=None,
        description="RabbitMQ, as `amqp://user:password@host/vhost`. Without it `vedette up` uses "
        "the bus inside the process; a service apart needs it.",
    )
    log_level: LogLevel = Field(default="info", description="debug, info, warning or error.")
    log_format: LogFormat = Field(
        default="json", description="json, or text (the default of `vedette up`)."
    )
    admin_http: str = Field(
        default="127.0.0.1:0",
        description="Where a service apart answers /health and /metrics; port 0 takes a free one "
        "and logs it.",
    )
    drain_s: float = Field(
        default=20, ge=0, le=600, description="Seconds a stopping process gives work under way."
    )

    @field_validator("admin_http", "http", check_fields=False)
    @classmethod
    def _address(cls, address: str) -> str:
        split_address(address)
        return address

    @field_validator("amqp_url", "database_url", "redis_url", check_fields=False)
    @classmethod
    def _of_its_kind(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        kinds = _URLS[str(info.field_name)]
        if url is not None and not url.get_secret_value().startswith(tuple(kinds)):
            raise ValueError(f"its URL begins with {kinds[0]}")
        return url


class StoreSettings(ProcessSettings):
    """Settings of every process that keeps state."""

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL, as `postgresql://user:password@host/database`. Without it "
        "`vedette up` runs its own in the data directory; a service apart needs it.",
    )
    database_pool: int = Field(
        default=10, ge=5, le=200, description="Connections a process keeps to PostgreSQL at most."
    )
    events_retention_days: int = Field(
        default=7,
        ge=1,
        le=366,
        description="Days that events can be heard again: in the stream on RabbitMQ, which keeps "
        "the value it was made with, or without one in the database.",
    )
    events_stream_bytes: int = Field(
        default=1_000_000_000,
        ge=10_000_000,
        le=10**12,
        description="Bytes that the stream of events has on RabbitMQ at most, if that is less.",
    )

    def retention(self) -> Retention:
        """How long events are kept for those who want to hear them again."""
        return Retention(age_s=self.events_retention_days * _DAY_S, octets=self.events_stream_bytes)


class RetentionSettings(StoreSettings):
    """What holds where a workspace says nothing of how long what was seen is kept."""

    retention_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="Days that single checks are kept, if a workspace does not say otherwise.",
    )
    evidence_retention_days: int = Field(
        default=180,
        ge=1,
        le=3650,
        description="Days that failing answers are kept as evidence, "
        "if a workspace does not say otherwise.",
    )


class KeyedSettings(StoreSettings):
    """Settings of every process that reads secrets from the database."""

    secret_key: SecretStr | None = Field(
        default=None,
        description="Encrypts the secrets of monitors and channels in the database: any long "
        "random text, the same for the gateway, the scheduler and the notifier, which need it.",
    )
