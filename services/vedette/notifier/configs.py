"""Opening a channel's sealed configuration."""

from pydantic import ValidationError

from vedette.core.channel import CONFIGS, ChannelConfig
from vedette.core.errors import Permanent
from vedette.store.secretbox import SecretBox


def open_config(box: SecretBox, kind: str, sealed: bytes) -> ChannelConfig:
    """The configuration. Raises Permanent, with a text that holds none of it."""
    model = CONFIGS.get(kind)
    if model is None:
        raise Permanent(f"this version of Vedette has no channels of kind {kind}")
    opened = box.open(sealed)
    try:
        return model.model_validate(opened)
    except ValidationError as error:
        # Its text quotes the values, secrets included.
        fields = ", ".join(str(problem["loc"][0]) for problem in error.errors() if problem["loc"])
        raise Permanent(f"the channel's configuration is not valid: {fields}") from None
