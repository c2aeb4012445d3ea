"""The commands."""

from typing import Annotated

import typer
import uvloop

from vedette.cli.endings import exit_well

app = typer.Typer(
    name="dead",
    help="Messages that no service could deal with: list, show, put back, drop.\n\n"
    "They are kept in the database, so VEDETTE_DATABASE_URL says where to look; without it, the "
    "`vedette up` that runs on VEDETTE_DATA_DIR. Exits with 0 when all was done, 1 when not.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Ids = Annotated[
    list[str] | None,
    typer.Argument(help="Ids, or how they begin.", show_default=False, metavar="[ID]…"),
]
One = Annotated[str, typer.Argument(help="An id, or how it begins.", metavar="ID")]
All = Annotated[bool, typer.Option("--all", help="All messages.")]
Queue = Annotated[
    str | None, typer.Option("--queue", "-q", help="Only those from this queue.", metavar="QUEUE")
]
Reason = Annotated[
    str | None,
    typer.Option(
        "--reason",
        help="Only those parked for this reason: permanent, unexpected, delivery_limit, expired.",
        metavar="REASON",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at most.")]


@app.command("list")
def list_messages(
    queue: Queue = None, reason: Reason = None, limit: Limit = 100, json: Json = False
) -> None:
    """List parked messages, the oldest first."""
    from vedette.cli.dead import work

    exit_well(lambda: uvloop.run(work.list_all(queue, reason, limit, json=json)))


@app.command()
def show(id: One) -> None:
    """Print one message whole, as JSON. Secrets of jobs are not in it: they are not kept."""
    from vedette.cli.dead import work

    exit_well(lambda: uvloop.run(work.show(id)))


@app.command()
def replay(
    ids: Ids = None,
    *,
    all_messages: All = False,
    queue: Queue = None,
    reason: Reason = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which would be put back.")
    ] = False,
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait until that is done.")
    ] = 30,
    json: Json = False,
) -> None:
    """Put messages back into the queue they came from, and no other.

    A processor does it, and deletes a message here when the queue has it; one that is put back
    twice does no harm. Fix what was wrong first: else it is parked again.
    """
    from vedette.cli.dead import work

    chosen = work.Choice(ids or [], everything=all_messages, queue=queue, reason=reason)
    exit_well(lambda: uvloop.run(work.replay(chosen, dry_run=dry_run, wait_s=wait_s, json=json)))


@app.command()
def drop(
    ids: Ids = None,
    *,
    all_messages: All = False,
    queue: Queue = None,
    reason: Reason = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    json: Json = False,
) -> None:
    """Delete messages for good."""
    from vedette.cli.dead import work

    chosen = work.Choice(ids or [], everything=all_messages, queue=queue, reason=reason)
    exit_well(lambda: uvloop.run(work.drop(chosen, yes=yes, json=json)))
