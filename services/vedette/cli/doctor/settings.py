"""What the environment here says, as the services would read it, and the files it names."""

import ssl
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from vedette.cli.proto.settings import SETTINGS
from vedette.core.wellness import Finding, Level
from vedette.notifier.settings import NotifierSettings
from vedette.prober.settings import ProberSettings
from vedette.runtime.launch import explain


def examine() -> list[Finding]:
    """Whether each service could start with them."""
    wrong = [name for name, model in SETTINGS.items() if _refusal(model) is not None]
    if wrong:
        why = _refusal(SETTINGS[wrong[0]]) or ""
        return [
            Finding(
                "environment",
                Level.BAD,
                f"{', '.join(wrong)} can't start: {why}",
                "Mend the variable; docs/settings.md says what it may be.",
            )
        ]
    return [Finding("environment", Level.OK, "every service can read it"), _authorities()]


def _refusal(model: Callable[[], object]) -> str | None:
    try:
        model()
    except ValidationError as error:
        return explain(error).splitlines()[0]
    return None


def _authorities() -> Finding:
    mail = NotifierSettings().smtp_ca_file
    named = {"VEDETTE_PROBER_CA_FILE": Path(ProberSettings().ca_file())}
    if mail is not None:
        named["VEDETTE_SMTP_CA_FILE"] = mail
    for variable, file in named.items():
        try:
            ssl.create_default_context(cafile=str(file))
        except (OSError, ssl.SSLError) as error:
            return Finding(
                "authorities",
                Level.BAD,
                f"no certificates can be read from {file}: {error}",
                f"Set {variable} to a PEM file, or install the package ca-certificates.",
            )
    return Finding(
        "authorities", Level.OK, f"trusted: those of {', '.join(map(str, named.values()))}"
    )
