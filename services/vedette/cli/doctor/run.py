"""The whole examination."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import asyncpg

from vedette.cli.doctor import (
    broker,
    cache,
    database,
    dwell,
    measured,
    pipeline,
    secrets,
    settings,
    storage,
)
from vedette.cli.doctor.where import Surroundings
from vedette.core.figures import Figures
from vedette.core.wellness import Finding, Level
from vedette.store.figures import figures
from vedette.store.pool import Connection


@dataclass(slots=True)
class Report:
    """What was found, section by section."""

    sections: dict[str, list[Finding]] = field(default_factory=dict)
    dwells: list[dwell.Dwell] = field(default_factory=list)

    @property
    def worst(self) -> Level:
        """The level of the worst finding."""
        levels = {finding.level for findings in self.sections.values() for finding in findings}
        return next((level for level in (Level.BAD, Level.WARN) if level in levels), Level.OK)


async def examine(where: Surroundings, metrics: Sequence[str]) -> Report:
    """Look at everything that can be reached."""
    report = Report({"settings here": settings.examine()})
    known = await _with_database(where, metrics, report)
    if where.broker is not None:
        regions = known.watched | known.probers.keys()
        report.sections["RabbitMQ"] = await broker.examine(where.broker, regions)
    if where.redis is not None:
        report.sections["Redis"] = await cache.examine(where.redis)
    return report


async def _with_database(where: Surroundings, metrics: Sequence[str], report: Report) -> Figures:
    if where.database is None:
        report.sections["database"] = [_not_running(where)]
        return Figures()
    try:
        async with database.connected(where.database) as db:
            report.sections["database"] = await database.examine(db, where.embedded)
            schema = await database.schema(db)
            report.sections["database"].append(schema)
            if schema.level is not Level.BAD:  # else the tables are not there that we read
                return await _stored(db, where, metrics, report)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        report.sections.setdefault("database", []).append(unreachable(error))
    return Figures()


async def _stored(
    db: Connection, where: Surroundings, metrics: Iterable[str], report: Report
) -> Figures:
    known = await figures(db)
    report.sections["storage"] = await storage.examine(db, where.retention_days)
    report.sections["secrets"] = await secrets.examine(db, where.secret_key)
    report.sections["from slot to message"] = await pipeline.examine(db, known)
    listening = [*metrics, *await measured.addresses(db)]
    found = [*await dwell.stored(db), *await measured.measured(listening)]
    report.dwells = dwell.in_order(found)
    return known


def _not_running(where: Surroundings) -> Finding:
    return Finding(
        "server",
        Level.BAD,
        f"no `vedette up` runs on {where.embedded}, and VEDETTE_DATABASE_URL is not set",
        "Start `vedette up`, or give the doctor the VEDETTE_DATA_DIR or the URLs that the services"
        " have.",
    )


def unreachable(error: BaseException) -> Finding:
    """What to do about a database that doesn't answer."""
    if isinstance(error, asyncpg.DiskFullError):
        remedy = "Free some space on the disk of its data"
    else:
        remedy = "Start PostgreSQL, or mend VEDETTE_DATABASE_URL"
    return Finding(
        "server",
        Level.BAD,
        f"does not answer as it should: {str(error) or type(error).__name__}",
        f"{remedy}; until then nothing is stored or sent.",
    )
