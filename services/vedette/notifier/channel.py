"""What every kind of channel can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import aiohttp

    from vedette.core.channel import ChannelConfig
    from vedette.notifier.delivery import Delivery
    from vedette.notifier.settings import NotifierSettings


class Channel(ABC):
    """A way to reach people. Each subclass names its kind and lives in `channels`."""

    kind: ClassVar[str]

    def __init__(self, settings: NotifierSettings, http: aiohttp.ClientSession) -> None:
        self.settings = settings
        self.http = http

    @abstractmethod
    async def send(self, delivery: Delivery, config: ChannelConfig) -> str | None:
        """Hand over one message; returns the provider's id for it, if it gives one.

        Raises SendFailed. Cancelled when the provider takes too long.
        """

    async def find(self, delivery: Delivery) -> str | None:
        """The provider's id of a message that may have been sent already; None if it wasn't.

        Asked when an earlier attempt's end is not known. A kind whose messages carry a key by
        which receivers recognise them need not answer. Raises SendFailed.
        """
        return None

    async def close(self) -> None:  # noqa: B027  (most kinds hold nothing)
        """Let go of what is held open."""
