"""The gateway's settings."""

from pydantic import Field, SecretStr

from vedette.runtime.settings import KeyedSettings, RetentionSettings


class GatewaySettings(KeyedSettings, RetentionSettings):
    """Settings of the gateway."""

    http: str = Field(
        default="127.0.0.1:8080",
        description="Where the API, the status screen, /health and /metrics are served.",
    )
    api_key: SecretStr | None = Field(
        default=None,
        description="The API key of the first workspace, 16 characters or more. A new value "
        "replaces the one before.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis for rate limits and idempotency keys, as `redis://host:6379/0`, shared "
        "by all gateways. Without it each gateway counts for itself.",
    )
    rate_limit: int = Field(
        default=600, ge=0, description="Requests a minute that one API key may make; 0 is no limit."
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s]+(/[^\s]*)?$",
        description="Where people reach Vedette, like `https://vedette.example`: messages "
        "link to it, and with it the status screen always asks for the API key.",
    )
    retention_max_days: int = Field(
        default=400,
        ge=1,
        le=3650,
        description="Days that a workspace may ask checks and evidence to be kept for at most.",
    )
    check_margin_s: float = Field(
        default=10,
        ge=0,
        le=60,
        description="Seconds that POST /api/v1/check waits for a prober, besides the check's own "
        "timeout.",
    )
