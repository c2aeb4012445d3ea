"""Writing down who is told what: each message by itself, or, in a storm, in a digest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from vedette.core.errors import Permanent
from vedette.notifier.configs import open_config
from vedette.notifier.delivery import Delivery
from vedette.notifier.domain.telling import Audience
from vedette.notifier.store.planning import Planning
from vedette.notifier.storm import Storm
from vedette.store.secretbox import SecretBox

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a handler works with, in the transaction of its event."""

    store: Planning
    box: SecretBox
    storm: Storm
    unreadable: list[UUID] = field(default_factory=list)
    """Channels whose configuration couldn't be opened."""

    async def tell(self, deliveries: Sequence[Delivery]) -> None:
        """Write down what is new: each by itself, or, in a storm, in the recipient's digest."""
        if not all(self.storm.may_gather(one.transition) for one in deliveries):
            await self.store.add(deliveries)
            return
        new = await self.store.missing(deliveries)
        await self.store.lock_recipients(new)
        told = await self.store.told_lately(new, self.storm)
        alone = [one for one, count in zip(new, told, strict=True) if not self.storm.gathers(count)]
        await self.store.add(alone)
        for one, count in zip(new, told, strict=True):
            if self.storm.gathers(count):
                await self.store.gather(one, self.storm)

    async def audiences(self, workspace_id: UUID, ids: Sequence[UUID]) -> list[Audience]:
        """Who is behind the channels that exist in the workspace."""
        found = []
        for channel in await self.store.channels(workspace_id, ids):
            try:
                config = open_config(self.box, channel.kind, channel.sealed_config)
            except Permanent as error:
                log.error("can't open a channel", channel=str(channel.id), error=str(error))  # noqa: TRY400
                self.unreadable.append(channel.id)
            else:
                found.append(Audience(channel.id, channel.kind, config.recipients()))
        return found
