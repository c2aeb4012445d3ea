"""What tests need of the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vedette.testing import installing, needs


def test_everything_needed_is_here() -> None:
    assert needs.missing() == []
    assert needs.main([]) == 0


def test_a_missing_program_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = needs.Need("rabbitmq-server", ("no-such-program",), "rabbitmq-server")
    optional = needs.Need("chromium", ("no-such-browser",), "chromium", only_with="browser")
    monkeypatch.setattr(needs, "NEEDS", (absent, optional))
    monkeypatch.setattr(installing, "install", lambda packages: "not root")
    with pytest.raises(needs.NotInstalledError, match=r"apt-get install rabbitmq-server \(or run"):
        needs.require("rabbitmq-server")
    assert needs.main([]) == 1
    said = "install what the tests need: apt-get install rabbitmq-server (not root)\n"
    assert capsys.readouterr().err == said
    assert needs.main(["--with", "browser"]) == 1
    assert "rabbitmq-server chromium" in capsys.readouterr().err


def policy(path: Path, code: int) -> str:
    path.write_text(f"#!/bin/sh\nexit {code}\n")
    path.chmod(0o755)
    return path.read_text()


def test_no_service_starts_during_an_installation(tmp_path: Path) -> None:
    path = tmp_path / "policy-rc.d"
    with installing.no_services(path):
        assert os.access(path, os.X_OK)
        assert "exit 101" in path.read_text()
    assert list(tmp_path.iterdir()) == []


def test_a_policy_of_the_machine_is_put_back(tmp_path: Path) -> None:
    path = tmp_path / "policy-rc.d"
    lenient = policy(path, 0)
    with installing.no_services(path):
        assert "exit 101" in path.read_text()
    assert path.read_text() == lenient
    strict = policy(path, 101)
    with installing.no_services(path):
        assert path.read_text() == strict
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_installation_is_put_right_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "policy-rc.d"
    lenient = policy(path, 0)
    killed = installing.no_services(path)
    killed.__enter__()  # and never left
    with installing.no_services(path):
        assert "exit 101" in path.read_text()
    assert path.read_text() == lenient
