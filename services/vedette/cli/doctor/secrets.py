"""Whether what is stored can be read: definitions and channels, under the key that is here."""

from typing import Any

from pydantic import SecretStr, ValidationError

from vedette.core.errors import Permanent
from vedette.core.kinds import parse_monitor
from vedette.core.wellness import Finding, Level
from vedette.store.pool import Connection
from vedette.store.sealing import opened
from vedette.store.secretbox import SecretBox

_AT_MOST = 2_000
_MONITORS = "select id, spec from monitor where deleted_at is null order by id desc limit $1"
_CHANNELS = """
select id, name, sealed_config from channel where deleted_at is null order by id desc limit $1"""


async def examine(db: Connection, key: SecretStr | None) -> list[Finding]:
    """What can't be read, of the newest."""
    if key is None:
        return [
            Finding(
                "secret key",
                Level.WARN,
                "there is none here, so whether it opens what is stored is not known",
                "Set VEDETTE_SECRET_KEY to the key of the gateway, or run this as who runs"
                " `vedette up`.",
            )
        ]
    box = SecretBox(key.get_secret_value())
    return [
        _monitors(await db.fetch(_MONITORS, _AT_MOST), box),
        _channels(await db.fetch(_CHANNELS, _AT_MOST), box),
    ]


def _monitors(rows: list[Any], box: SecretBox) -> Finding:
    hindered = [(row["id"], why) for row in rows if (why := _obstacle(row, box)) is not None]
    if hindered:
        monitor, why = hindered[0]
        return Finding(
            "definitions",
            Level.BAD,
            f"{len(hindered)} of {len(rows)} monitors can't be checked, like {monitor}: {why}",
            "Give every service the key that they were stored with, or write these monitors anew.",
        )
    return Finding("definitions", Level.OK, f"all of {len(rows)} can be read")


def _obstacle(row: Any, box: SecretBox) -> str | None:
    try:
        parse_monitor(opened(row["spec"], row["id"], box))
    except Permanent as error:
        return str(error)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
        return f"not valid any more: {fields}"
    return None


def _channels(rows: list[Any], box: SecretBox) -> Finding:
    hindered = [row["name"] for row in rows if not _opens(row["sealed_config"], box)]
    if hindered:
        return Finding(
            "channels",
            Level.BAD,
            f"{len(hindered)} of {len(rows)} can't be opened, like {hindered[0]!r}",
            "Give the notifier the key that they were stored with, or write these channels anew.",
        )
    return Finding("channels", Level.OK, f"all of {len(rows)} can be opened")


def _opens(sealed: bytes, box: SecretBox) -> bool:
    try:
        box.open(sealed)
    except Permanent:
        return False
    return True
