"""Whether the database has the schema that this version needs; without what migrating takes."""

from pathlib import Path

from vedette.core.errors import Transient
from vedette.store.pool import Pool, connection

_MIGRATIONS = Path(__file__).parent / "migrations" / "versions"


async def check_schema(pool: Pool) -> None:
    """Raises Transient while the schema is older than this version, whose migration is to come.

    A newer one serves as well, for it only gets more until no older version runs any more.
    """
    numbers = sorted(file.stem.partition("_")[0] for file in _MIGRATIONS.glob("[0-9]*.py"))
    async with connection(pool) as db:
        there = await db.fetchval("select to_regclass('alembic_version') is not null")
        at = await db.fetchval("select version_num from alembic_version") if there else None
    if at is None or at in numbers[:-1]:
        stands = "is not there" if at is None else f"is at {at}"
        raise Transient(
            f"database: the schema {stands}, {numbers[-1]} is needed: run `vedette migrate`"
        )
