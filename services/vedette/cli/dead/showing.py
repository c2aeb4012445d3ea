"""What the commands print: tables for people, JSON for programs."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vedette.core.instants import iso, to_ms
from vedette.store.dead import Dead

_SHORT = 8
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def table(found: Sequence[Dead], total: int, *, json: bool) -> None:
    """A line each; JSON has each whole but for its body."""
    if json:
        _print_json([_outside(message) for message in found])
        return
    console = Console()
    if not found:
        console.print("no message is parked", highlight=False)
        return
    grid = Table("id", "age", "from", "reason", "tries", "why", box=None, pad_edge=False)
    grid.columns[-1].overflow = "fold"
    for message in found:
        why = message.trouble or message.detail or ""
        asked = " (to be put back)" if message.replay_at is not None else ""
        grid.add_row(
            message.id.hex[:_SHORT],
            age(message),
            escape(message.queue),
            message.reason + asked,
            str(message.attempts or ""),
            escape(why),
        )
    console.print(grid)
    if total > len(found):
        console.print(f"… of {messages(total)}; --limit shows more", highlight=False)


def whole(message: Dead) -> None:
    """All there is of one."""
    _print_json({**_outside(message), **_inside(message)})


def would_replay(chosen: Sequence[Dead], *, json: bool) -> None:
    """Which would be put back, and where."""
    if json:
        _print_json({"would_replay": [_outside(message) for message in chosen]})
        return
    for message in chosen:
        typer.echo(f"would put {message.id} back into {message.queue}")
    if not chosen:
        typer.echo("nothing to put back")


def replayed(chosen: Sequence[Dead], left: Sequence[Dead], *, json: bool) -> None:
    """Which were put back, and which are left."""
    staying = {message.id for message in left}
    done = [message for message in chosen if message.id not in staying]
    if json:
        ids = [str(message.id) for message in done]
        _print_json({"replayed": ids, "left": [_outside(message) for message in left]})
    elif done:
        typer.echo(f"{messages(len(done))} put back")


def dropped(number: int, *, json: bool) -> None:
    """How many are gone."""
    if json:
        _print_json({"dropped": number})
    else:
        typer.echo(f"{messages(number)} deleted")


def messages(number: int) -> str:
    """So many messages, in words."""
    return "1 message" if number == 1 else f"{number} messages"


def age(message: Dead) -> str:
    """How long ago it was parked, roughly."""
    seconds = int((datetime.now(UTC) - message.parked_at).total_seconds())
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return "now"


def _outside(message: Dead) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "parked_at": iso(to_ms(message.parked_at)),
        "queue": message.queue,
        "reason": message.reason,
        "detail": message.detail,
        "attempts": message.attempts,
        "replay_asked": message.replay_at is not None,
        "trouble": message.trouble,
        "bytes": len(message.body),
    }


def _inside(message: Dead) -> dict[str, Any]:
    envelope = {
        "key": message.routing_key,
        "message_id": message.message_id,
        "traceparent": message.traceparent,
        "reply_to": message.reply_to,
        "headers": message.headers,
    }
    try:
        return envelope | {"body": orjson.loads(message.body)}
    except ValueError:
        return envelope | {"body_base64": base64.b64encode(message.body).decode()}


def _print_json(value: Any) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
