"""What every service would make of the environment: wrong variables are told of all at once."""

from pydantic import ValidationError

from vedette.cli.proto.settings import SETTINGS


def refusals() -> dict[str, ValidationError]:
    """Why services can't read their settings, by the names of those that can't."""
    found = {}
    for name, model in SETTINGS.items():
        try:
            model()
        except ValidationError as error:
            found[name] = error
    return found
