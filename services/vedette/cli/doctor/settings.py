"""What the environment here says, as the services would read it, and the files it names."""

import ssl
from pathlib import Path

from vedette.cli.environment import refusals
from vedette.core.wellness import Finding, Level
from vedette.notifier.settings import NotifierSettings
from vedette.prober.settings import ProberSettings
from vedette.runtime.launch import wrong_settings


def examine() -> list[Finding]:
    """Whether each service could start with them."""
    if wrong := refusals():
        why = "; ".join(line.rstrip() for line in wrong_settings(*wrong.values()))
        return [
            Finding(
                "environment",
                Level.BAD,
                f"{', '.join(wrong)} can't start: {why}",
                "Mend what is named; docs/settings.md says what it may be.",
            )
        ]
    return [Finding("environment", Level.OK, "every service can read it"), _authorities()]


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
