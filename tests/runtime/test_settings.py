"""What is said of settings that are wrong."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vedette.core.errors import VedetteError
from vedette.runtime.launch import _urls, explain
from vedette.runtime.settings import ProcessSettings, StoreSettings


@pytest.mark.parametrize(
    ("variable", "begins"), [("AMQP_URL", "amqp://"), ("DATABASE_URL", "postgresql://")]
)
def test_a_url_of_something_else_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, begins: str
) -> None:
    monkeypatch.setenv(f"VEDETTE_{variable}", f"{begins}user:hunter2@host/")
    assert StoreSettings()
    monkeypatch.setenv(f"VEDETTE_{variable}", "hunter2@host")
    with pytest.raises(ValidationError) as caught:
        StoreSettings()
    told = explain(caught.value)
    assert told.startswith(f"VEDETTE_{variable}: ")
    assert begins in told
    assert "hunter2" not in told


def test_both_urls_that_a_service_apart_lacks_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("VEDETTE_AMQP_URL", "VEDETTE_DATABASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(VedetteError, match=r"AMQP_URL is not set.*DATABASE_URL is not set"):
        _urls(StoreSettings())
    with pytest.raises(VedetteError) as caught:
        _urls(ProcessSettings())
    assert "DATABASE" not in str(caught.value)


def test_the_bus_inside_vedette_up_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_AMQP_URL", "unix:///run/vedette/bus")
    assert StoreSettings()
