"""By what the API shows of a monitor that is stored."""

from typing import Any
from uuid import UUID

import orjson
from tests.conformance.definitions import validated
from tests.conformance.kit import Run
from tests.conformance.mapping import definition_of
from tests.conformance.observation import Observation

from vedette.core.instants import EPOCH
from vedette.core.state import State
from vedette.gateway.views.monitors import monitor_view
from vedette.store.secretbox import SecretBox


def replay(run: Run) -> Observation:
    """The monitor as it is read back."""
    probe = {"url": "http://127.0.0.1/", **run.probe["config"]}
    observation = validated(lambda: definition_of("http", probe, run.source))
    assert observation.spec is not None, observation.output
    row: Any = {
        "id": UUID(int=1),
        "state": State.PENDING,
        "since": EPOCH,
        "last_check": None,
        "paused": False,
        "version": 1,
        "created_at": EPOCH,
        "updated_at": EPOCH,
        "token": None,
        "spec": observation.spec.model_dump(mode="json", by_alias=True),
    }
    view = monitor_view(row, box=SecretBox("no secret"), public_url=None)
    observation.output = orjson.dumps(view).decode()
    return observation
