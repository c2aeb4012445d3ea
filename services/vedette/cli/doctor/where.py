"""Where everything is: from the environment, as the services have it, or in the data directory."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from vedette.cli.settings import UpSettings
from vedette.core.errors import Permanent
from vedette.gateway.settings import GatewaySettings
from vedette.processor.settings import ProcessorSettings
from vedette.store.embedded import EmbeddedPostgresError, dsn_of_running


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the services are told of their surroundings. `embedded`: where `up` keeps its data."""

    database: str | None
    embedded: Path | None
    broker: str | None
    redis: str | None
    secret_key: SecretStr | None
    retention_days: int


def surroundings() -> Surroundings:
    """As the environment has it. Raises ValidationError and Permanent."""
    up, gateway, processor = UpSettings(), GatewaySettings(), ProcessorSettings()
    embedded = up.data_dir if up.database_url is None else None
    return Surroundings(
        database=_plain(up.database_url) if embedded is None else _running(embedded),
        embedded=embedded,
        broker=_plain(up.amqp_url),
        redis=_plain(gateway.redis_url),
        secret_key=gateway.secret_key or _kept(embedded, "secret_key"),
        retention_days=processor.retention_days,
    )


def _running(data_dir: Path) -> str | None:
    try:
        return dsn_of_running(data_dir / "postgresql")
    except EmbeddedPostgresError as error:
        raise Permanent(f"{error}; run this as the user who runs `vedette up`") from error


def _kept(data_dir: Path | None, name: str) -> SecretStr | None:
    """A key that `up` keeps; unlike it, we make none."""
    if data_dir is None:
        return None
    try:
        return SecretStr((data_dir / name).read_text().strip())
    except OSError:
        return None


def _plain(url: SecretStr | None) -> str | None:
    return None if url is None else url.get_secret_value()
