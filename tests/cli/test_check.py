"""`vedette check`: what is asked for in short or in a file, and what is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vedette.cli.check import definition_of
from vedette.cli.main import app
from vedette.core.errors import Permanent
from vedette.testing.ports import free_port

RUNNER = CliRunner()


def test_a_target_in_short_is_a_definition() -> None:
    spec = definition_of("https://shop.example/", "http", None)
    assert spec.target.summary() == "GET https://shop.example/"


def test_a_file_holds_a_definition_in_yaml_or_json(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("kind: http\ntarget: {url: https://shop.example/}\ntimeout_s: 3\n")
    assert definition_of(None, "http", file).timeout_s == 3
    file.write_text(json.dumps({"kind": "http", "target": {"url": "https://shop.example/"}}))
    assert definition_of(None, "http", file).timeout_s == 10


@pytest.mark.parametrize(
    ("target", "kind", "says"),
    [
        (None, "http", "name a target"),
        ("shop.example", "http", "did you mean https://shop.example"),
        ("https://shop.example/", "pigeon", "there is no kind 'pigeon'; there is dns, domain, "),
        ("shop.example", "tcp", "target.port: this field is needed"),
        ("x", "heartbeat", "monitors of kind heartbeat are told"),
        ("x", "group", "monitors of kind group are told"),
        ("x", "push", "monitors of kind push are told"),
    ],
)
def test_what_is_wrong_is_said(target: str | None, kind: str, says: str) -> None:
    with pytest.raises(Permanent, match=says):
        definition_of(target, kind, None)


def test_a_refused_connection_is_down_and_says_so() -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    told = RUNNER.invoke(app, ["check", url])
    assert told.exit_code == 1
    assert "DOWN" in told.output
    assert "connect_refused" in told.output
    result = json.loads(RUNNER.invoke(app, ["check", "--json", url]).output)
    assert (result["outcome"], result["reason"]) == ("down", "connect_refused")


def test_what_can_not_be_told_is_neither_up_nor_down(tmp_path: Path) -> None:
    assert RUNNER.invoke(app, ["check", "shop.example"]).exit_code == 3
    assert RUNNER.invoke(app, ["check", "-f", str(tmp_path / "none.yaml")]).exit_code == 3
