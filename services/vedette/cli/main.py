"""The commands."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import uvloop
from rich.console import Console

from vedette.cli.dead.commands import app as dead
from vedette.cli.endings import complain, exit_well
from vedette.cli.events.commands import app as events
from vedette.core.errors import VedetteError
from vedette.core.version import __version__

app = typer.Typer(
    name="vedette",
    help="Uptime monitoring that never lies about a target and never loses or doubles an alert.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    epilog="Settings come from the environment (VEDETTE_…): see docs/settings.md.",
)
app.add_typer(dead)
app.add_typer(events)


class Service(StrEnum):
    """The services that run apart."""

    GATEWAY = "gateway"
    SCHEDULER = "scheduler"
    PROBER = "prober"
    PROCESSOR = "processor"
    INCIDENTS = "incidents"
    NOTIFIER = "notifier"


@app.command()
def up(
    probers: Annotated[
        int | None,
        typer.Option(
            help="Run so many probers in processes of their own, instead of one in this process."
            " [default: VEDETTE_UP_PROBERS, or 0]",
            min=0,
            max=64,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run everything in this process, with nothing else installed.

    Starts a PostgreSQL of its own in the data directory (or uses VEDETTE_DATABASE_URL), brings
    its schema up to date, runs every service, and prints how to add a first monitor. Ctrl-C or
    SIGTERM stops it cleanly.

    One process uses one core, which is enough for some thousands of plain HTTP checks a second,
    or some hundreds over TLS. When it is full (top shows it near 100 %, checks begin late), try
    `--probers 1`, which gives checks a core of their own, and one more whenever those are full.
    """
    from vedette.cli.environment import refusals
    from vedette.cli.settings import UpSettings
    from vedette.cli.up import up as run_all
    from vedette.cli.welcome import Welcome
    from vedette.telemetry.logs import setup_logs
    from vedette.telemetry.traces import setup_traces

    def start() -> None:
        settings = UpSettings() if probers is None else UpSettings(up_probers=probers)
        for refusal in refusals().values():
            raise refusal  # the first: with it all are told
        setup_logs(level=settings.log_level, form=settings.log_format)
        provider = setup_traces("vedette")
        try:
            uvloop.run(run_all(settings, Welcome(Console())))
        finally:
            provider.shutdown()

    exit_well(start)


@app.command()
def run(
    service: Annotated[Service, typer.Argument(help="Which service.", show_default=False)],
) -> None:
    """Run one service apart, against RabbitMQ and PostgreSQL.

    VEDETTE_AMQP_URL and, but for the prober, VEDETTE_DATABASE_URL say where they are. Any number
    of each service may run; `vedette migrate` comes first.
    """
    from importlib import import_module

    from vedette.runtime.launch import launch

    module: Any = import_module(f"vedette.{service}.service")
    settings: Any = import_module(f"vedette.{service}.settings")
    settings_type = getattr(settings, f"{service.capitalize()}Settings")
    raise typer.Exit(
        launch(service, settings_type, module.running, admin=service is not Service.GATEWAY)
    )


@app.command()
def check(
    target: Annotated[
        str | None,
        typer.Argument(
            help="A URL, a host or `host:port`, as the kind has it.", show_default=False
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            help="What kind of target it is: http, tcp, dns, …; any other word lists all."
        ),
    ] = "http",
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="A monitor's definition, in YAML or JSON, instead."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check a target once, here and now, without any server, and say what was found.

    Exits with 0 when it is up, 1 when it is down, 2 when it is degraded, and 3 when that could
    not be told.
    """
    from vedette.cli import check as checking
    from vedette.prober.settings import ProberSettings

    try:
        spec = checking.definition_of(target, kind, file)
        result = uvloop.run(checking.check_once(spec, ProberSettings.at_home()))
    except VedetteError as error:
        complain(error)
        raise typer.Exit(checking.COULD_NOT_TELL) from None
    if json:
        typer.echo(result.model_dump_json(indent=2, exclude_none=True))
    else:
        checking.report(Console(), spec, result)
    raise typer.Exit(checking.EXIT_CODES.get(result.outcome, checking.COULD_NOT_TELL))


@app.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print what is found as JSON.")] = False,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            help="Where one more process answers /metrics, as `host:port` or a URL: a prober, say."
            " Those with a database are found by themselves.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say how everything stands that Vedette is made of, and what to do about it.

    Looks at the database, RabbitMQ and Redis that the environment names as it does for the
    services, or at the `vedette up` that runs on the data directory; at services, probers, shards,
    checks and messages on their way, and how long they dwell at each stage. Exits with 0 when
    nothing is bad, 1 when something is, and 2 when the settings are wrong. Changes nothing.
    """
    from vedette.cli.doctor.report import show, told
    from vedette.cli.doctor.run import examine
    from vedette.cli.doctor.where import surroundings
    from vedette.core.wellness import Level

    def start() -> None:
        report = uvloop.run(examine(surroundings(), metrics or []))
        if json:
            typer.echo(orjson.dumps(told(report), option=orjson.OPT_INDENT_2).decode())
        else:
            show(Console(), report)
        raise typer.Exit(int(report.worst is Level.BAD))

    exit_well(start)


@app.command()
def migrate() -> None:
    """Bring the database at VEDETTE_DATABASE_URL to the newest schema.

    Harmless when it is there already, and safe while the services run. With VEDETTE_SECRET_KEY it
    also encrypts the secrets of monitors that versions before have stored in clear; give it the
    key once no process of such a version runs any more.
    """
    from vedette.migrate.__main__ import main as apply

    raise typer.Exit(apply())


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """The entry point."""
    app()


if __name__ == "__main__":
    main()
