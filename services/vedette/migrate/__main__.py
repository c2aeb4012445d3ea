"""`python -m vedette.migrate`: migrate the database at VEDETTE_DATABASE_URL, then end.

With VEDETTE_SECRET_KEY it also encrypts the secrets that versions before have stored in clear.
"""

import sys

import structlog
import uvloop
from pydantic import ValidationError

from vedette.core.errors import VedetteError
from vedette.runtime.launch import explain
from vedette.runtime.settings import KeyedSettings, StoreSettings
from vedette.store.migrate import migrate
from vedette.store.pool import open_pool
from vedette.store.resealing import seal_definitions
from vedette.store.secretbox import secret_box
from vedette.telemetry.logs import setup_logs

log = structlog.get_logger()


def main() -> int:
    """The exit code."""
    try:
        settings = KeyedSettings()
    except ValidationError as error:
        sys.stderr.write(explain(error))
        return 2
    setup_logs(level=settings.log_level, form=settings.log_format)
    try:
        uvloop.run(_migrate(settings))
    except (VedetteError, OSError) as error:
        log.error("can't migrate", error=str(error))  # noqa: TRY400  (expected: no traceback)
        return 1
    log.info("the schema is up to date")
    return 0


async def _migrate(settings: KeyedSettings) -> None:
    dsn = _database(settings)
    await migrate(dsn)
    if settings.secret_key is not None:
        async with open_pool(dsn, size=1, application="migrate") as pool:
            count = await seal_definitions(pool, secret_box(settings.secret_key))
        if count:
            log.info("encrypted secrets that were stored in clear", monitors=count)


def _database(settings: StoreSettings) -> str:
    if settings.database_url is None:
        raise VedetteError(
            "VEDETTE_DATABASE_URL is not set, like postgresql://user:password@host/vedette"
        )
    return settings.database_url.get_secret_value()


if __name__ == "__main__":
    sys.exit(main())
