"""`vedette doctor`, as far as it needs no servers."""

from __future__ import annotations

import io
import json
from pathlib import Path

import asyncpg
import pytest
from rich.console import Console
from typer.testing import CliRunner

from vedette.cli.doctor import settings
from vedette.cli.doctor.dwell import Dwell, in_order
from vedette.cli.doctor.measured import quantile, summed
from vedette.cli.doctor.report import show
from vedette.cli.doctor.run import Report, unreachable
from vedette.cli.main import app
from vedette.core.wellness import Finding, Level

RUNNER = CliRunner()
BUCKETS = {0.1: 50.0, 1.0: 90.0, 10.0: 99.0, float("inf"): 100.0}
PAGE = """\
# TYPE vedette_dwell_seconds histogram
vedette_dwell_seconds_bucket{le="0.1",stage="slot_to_start"} 3.0
vedette_dwell_seconds_bucket{le="+Inf",stage="slot_to_start"} 4.0
vedette_dwell_seconds_count{stage="slot_to_start"} 4.0
vedette_dwell_seconds_sum{stage="slot_to_start"} 1.0
vedette_dwell_seconds_bucket{le="+Inf",stage="of another version"} 4.0
"""


@pytest.mark.parametrize(
    ("share", "seconds"), [(0.25, 0.05), (0.5, 0.1), (0.7, 0.55), (0.99, 10), (0.999, 10)]
)
def test_a_share_lies_evenly_within_its_bucket(share: float, seconds: float) -> None:
    assert quantile(BUCKETS, share) == pytest.approx(seconds)


def test_without_values_nothing_took_time() -> None:
    assert quantile({1.0: 0.0, float("inf"): 0.0}, 0.5) == 0


def test_processes_are_summed_by_stage() -> None:
    assert summed([PAGE, PAGE]) == {"slot_to_start": {0.1: 6, float("inf"): 8}}


def test_stages_come_in_the_order_of_the_way() -> None:
    stages = ["transition_to_delivered", "slot_to_start", "verdict_to_event"]
    ordered = in_order([Dwell(stage, 1, 0, 0, 0, "x") for stage in stages])
    assert [dwell.stage for dwell in ordered] == [stages[1], stages[2], stages[0]]


def test_a_person_reads_what_to_do() -> None:
    bad = Finding("broker", Level.BAD, "can't be [reached]", "Start it.")
    report = Report({"RabbitMQ": [bad]}, [Dwell("slot_to_start", 9, 0.0012, 0.5, 2, "/metrics")])
    out = io.StringIO()
    show(Console(file=out, width=80), report)
    lines = out.getvalue().splitlines()
    assert lines[0] == "RabbitMQ"
    assert lines[1].split() == ["✗", "broker", "can't", "be", "[reached]"]
    assert lines[2].strip() == "Start it."
    assert " ".join(lines[5].split()) == "slot to start 1.2 ms 500.0 ms 2.00 s 9 /metrics"
    assert lines[-1] == "Vedette is not well."


def test_without_an_installation_it_says_how_to_find_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEDETTE_DATA_DIR", str(tmp_path))
    result = RUNNER.invoke(app, ["doctor", "--json"])
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["level"] == "bad"
    [finding] = told["sections"]["database"]
    assert str(tmp_path) in finding["words"]
    assert "VEDETTE_DATA_DIR" in finding["advice"]


def test_what_keeps_a_service_from_starting_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {one.level for one in settings.examine()} == {Level.OK}
    (tmp_path / "ca.pem").write_text("no certificate\n")
    monkeypatch.setenv("VEDETTE_PROBER_CA_FILE", str(tmp_path / "ca.pem"))
    found = settings.examine()[-1]
    assert (found.part, found.level) == ("authorities", Level.BAD)
    assert "VEDETTE_PROBER_CA_FILE" in (found.advice or "")
    monkeypatch.setenv("VEDETTE_SMTP_PORT", "many")
    [found] = settings.examine()
    assert found.level is Level.BAD
    assert found.words.startswith("notifier can't start: VEDETTE_SMTP_PORT")
    monkeypatch.setenv("VEDETTE_ADMIN_HTTP", "nowhere")
    [found] = settings.examine()
    assert "Value error" not in found.words
    assert found.words.count("VEDETTE_ADMIN_HTTP") == found.words.count("VEDETTE_SMTP_PORT") == 1


def test_a_full_disk_is_not_taken_for_a_server_that_is_away() -> None:
    full = unreachable(asyncpg.DiskFullError("No space left on device"))
    assert full.advice is not None
    assert full.advice.startswith("Free some space")


def test_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_RETENTION_DAYS", "0")
    result = RUNNER.invoke(app, ["doctor"])
    assert result.exit_code == 2
    assert "VEDETTE_RETENTION_DAYS" in result.stderr


@pytest.mark.parametrize("command", ["up", "doctor"])
def test_every_wrong_setting_is_named_at_once(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    wrong = {"RETENTION_DAYS": "0", "SMTP_PORT": "many", "ADMIN_HTTP": "nowhere", "HTTP": "x"}
    for name, value in wrong.items():
        monkeypatch.setenv(f"VEDETTE_{name}", value)
    result = RUNNER.invoke(app, [command])
    assert result.exit_code == 2
    *lines, where = result.stderr.splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == sorted(
        f"VEDETTE_{name}" for name in wrong
    )
    assert "docs/settings.md" in where
