"""The commands."""

from typing import Annotated

import typer
import uvloop

from vedette.cli.endings import exit_well

app = typer.Typer(
    name="events",
    help="Events, as integrators hear them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.callback()
def events() -> None:
    """Events, as integrators hear them."""


@app.command()
def tail(
    *,
    since: Annotated[
        str | None,
        typer.Option(
            help="From when on: `30m`, `1h`, `7d` ago, or an instant like 2026-01-31T12:00:00Z.",
            metavar="WHEN",
            show_default=False,
        ),
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            help="Only these, by patterns as RabbitMQ has them: `incident.*`, `#`. Repeatable.",
            metavar="PATTERN",
            show_default=False,
        ),
    ] = None,
    follow: Annotated[bool, typer.Option(help="Go on with those that come, until Ctrl-C.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print each as JSON, in a line.")] = False,
) -> None:
    """Print events: those since then, and those that come.

    With VEDETTE_AMQP_URL they are read from the stream on RabbitMQ. Without it from the database of
    the `vedette up` that runs on VEDETTE_DATA_DIR, or at VEDETTE_DATABASE_URL. Without --since it
    begins now, and with --no-follow at the oldest that is kept.
    """
    from vedette.cli.events import work

    exit_well(lambda: uvloop.run(work.tail(since, types or ["#"], follow=follow, json=json)))
