"""Channels as a person writes them: read, checked, and with the secrets that were left out."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vedette.core.channel import CONFIGS, ChannelSpec
from vedette.gateway.invalid import field_errors
from vedette.gateway.problems import invalid

_ADAPTER: TypeAdapter[ChannelSpec] = TypeAdapter(ChannelSpec)


def parse(definition: Mapping[str, Any]) -> ChannelSpec:
    """A channel's definition. Raises Problem, naming every wrong field."""
    try:
        return _ADAPTER.validate_python(definition)
    except ValidationError as error:
        raise invalid(field_errors(error, ChannelSpec, within=CONFIGS)) from None


def with_kept_secrets(definition: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """The definition, with the secrets it leaves out as they are now."""
    kind, config = definition.get("kind"), definition.get("config")
    if kind != current["kind"] or not isinstance(config, dict):
        return dict(definition)
    secrets = CONFIGS[current["kind"]].SECRETS
    stored = current.get("config", {})
    kept = {name: value for name, value in stored.items() if name in secrets}
    return {**definition, "config": {**kept, **config}}
