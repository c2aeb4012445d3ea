"""The database of the installation that a command looks into."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from vedette.cli.settings import UpSettings
from vedette.core.errors import Permanent
from vedette.store.embedded import EmbeddedPostgresError, dsn_of_running
from vedette.store.pool import Pool, open_pool


@asynccontextmanager
async def database(settings: UpSettings) -> AsyncIterator[Pool]:
    """The one at VEDETTE_DATABASE_URL, else that of the `vedette up` which runs here.

    Raises Permanent, saying what to do, if there is none; Transient if it doesn't answer.
    """
    async with open_pool(_dsn(settings), size=2, application="command") as pool:
        try:
            yield pool
        except asyncpg.UndefinedTableError as error:
            raise Permanent(
                f"the database is older than this command: {error}; run `vedette migrate`"
            ) from error


def _dsn(settings: UpSettings) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    try:
        dsn = dsn_of_running(settings.data_dir / "postgresql")
    except EmbeddedPostgresError as error:
        raise Permanent(f"the database of `vedette up` can't be read: {error}") from error
    if dsn is None:
        raise Permanent(
            f"no `vedette up` runs on {settings.data_dir}: start it, name its directory in"
            " VEDETTE_DATA_DIR, or set VEDETTE_DATABASE_URL if the services run apart"
        )
    return dsn
