"""Channels as the API shows them: secrets redacted."""

from typing import Any
from uuid import UUID

import structlog
from asyncpg import Record
from pydantic import BaseModel, Field, create_model

from vedette.core.channel import CONFIGS, EmailChannel, SmsChannel, WebhookChannel
from vedette.core.errors import Permanent
from vedette.gateway.views.common import Instant, View, shown
from vedette.store.secretbox import SecretBox

CHANNELS: tuple[type[BaseModel], ...] = (EmailChannel, SmsChannel, WebhookChannel)
_UNREADABLE = "Null if it was sealed with another VEDETTE_SECRET_KEY than the gateway has."

log = structlog.get_logger()


class ChannelRecord(View):
    """What a channel has besides its definition."""

    id: UUID
    created_at: Instant
    updated_at: Instant


def channel_models() -> tuple[type[BaseModel], ...]:
    """One model a kind: its definition and its record together."""
    return tuple(map(_read, CHANNELS))


def _read(model: type[BaseModel]) -> type[BaseModel]:
    config: Any = model.model_fields["config"].annotation
    found: type[BaseModel] = create_model(
        f"{model.__name__}Read",
        __base__=(ChannelRecord, model),
        config=(config | None, Field(description=_UNREADABLE)),
    )
    return found


def channel_view(row: Record, box: SecretBox) -> dict[str, Any]:
    """A row of `store.channels` as an answer."""
    record = ChannelRecord(id=row["id"], created_at=row["created_at"], updated_at=row["updated_at"])
    stored = opened_config(row, box)
    # Not validated: what would be refused by now is to be seen, and mended.
    config = None if stored is None else CONFIGS[row["kind"]].model_construct(**stored).redacted()
    definition = {"name": row["name"], "kind": row["kind"], "config": config}
    return {"id": str(row["id"]), **definition, **shown(record)}


def opened_config(row: Record, box: SecretBox) -> dict[str, Any] | None:
    """A channel's configuration as it was written; None if it was sealed with another key."""
    try:
        config: dict[str, Any] = box.open(row["sealed_config"])
    except Permanent as error:
        log.error("a channel can't be read", channel=str(row["id"]), error=str(error))  # noqa: TRY400
        return None
    return config
