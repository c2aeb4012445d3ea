"""Channels as the API shows them: secrets redacted."""

from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, create_model

from vedette.core.channel import CONFIGS, EmailChannel, SmsChannel, WebhookChannel
from vedette.gateway.views.common import Instant, View, shown
from vedette.store.secretbox import SecretBox

CHANNELS: tuple[type[BaseModel], ...] = (EmailChannel, SmsChannel, WebhookChannel)


class ChannelRecord(View):
    """What a channel has besides its definition."""

    id: UUID
    created_at: Instant
    updated_at: Instant


def channel_models() -> tuple[type[BaseModel], ...]:
    """One model a kind: its definition and its record together."""
    return tuple(
        create_model(f"{model.__name__}Read", __base__=(ChannelRecord, model)) for model in CHANNELS
    )


def channel_view(row: Record, box: SecretBox) -> dict[str, Any]:
    """A row of `store.channels` as an answer."""
    record = ChannelRecord(id=row["id"], created_at=row["created_at"], updated_at=row["updated_at"])
    config = CONFIGS[row["kind"]].model_validate(box.open(row["sealed_config"]))
    definition = {"name": row["name"], "kind": row["kind"], "config": config.redacted()}
    return {"id": str(row["id"]), **definition, **shown(record)}
