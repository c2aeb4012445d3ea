"""Secrets at rest."""

import pytest

from vedette.core.errors import Permanent
from vedette.store.secretbox import SecretBox


def test_what_is_sealed_is_opened_with_the_same_key_only() -> None:
    sealed = SecretBox("the first key").seal({"secret": "hunter2"})
    assert b"hunter2" not in sealed
    assert SecretBox("the first key").open(sealed) == {"secret": "hunter2"}
    with pytest.raises(Permanent, match="VEDETTE_SECRET_KEY"):
        SecretBox("another key").open(sealed)
