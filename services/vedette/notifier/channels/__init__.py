"""The kinds of channel: one module each. Nothing lists them by hand."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from vedette.notifier.channel import Channel


@cache
def channel_types() -> dict[str, type[Channel]]:
    """Every kind's channel, by the kind's name."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return {channel.kind: channel for channel in Channel.__subclasses__()}
