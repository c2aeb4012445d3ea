"""Bringing a database to the newest schema: Alembic, one linear history of plain SQL."""

import asyncio
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from vedette.store.pool import transient_errors

_HISTORY = Path(__file__).parent / "migrations"
# Two `vedette migrate` at once take turns. The number is ours alone: "vedette" on a phone's keys.
_LOCK = 8_333_883
_TRY = "select pg_try_advisory_lock($1)"
_ASK_AGAIN_S = 0.2


async def migrate(dsn: str) -> None:
    """Apply every migration that is missing; harmless when there is none.

    Raises Transient if the database can't be reached.
    """
    with transient_errors():
        guard = await asyncpg.connect(dsn)
        try:
            # Asked for again and again: a statement that waits for the lock would be waited for by
            # an index that whoever has it makes concurrently.
            while not await guard.fetchval(_TRY, _LOCK):  # noqa: ASYNC110 (another process has it)
                await asyncio.sleep(_ASK_AGAIN_S)
            await asyncio.to_thread(_upgrade, dsn)
        finally:
            await guard.close()


def history() -> list[str]:
    """The numbers of all migrations that this version has, the newest first."""
    script = ScriptDirectory.from_config(_config())
    return [revision.revision for revision in script.walk_revisions()]


def _upgrade(dsn: str) -> None:
    config = _config()
    config.attributes["dsn"] = dsn
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HISTORY))
    return config
