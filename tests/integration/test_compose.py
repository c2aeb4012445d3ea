"""docker-compose.yml says only what Compose understands, and what the services do."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from vedette.cli.proto.settings import SETTINGS, variable

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
RUNNING = {name: service for name, service in OURS.items() if name != "migrate"}

# Of the Compose specification, what this file has a use for.
TOP = {"name", "services", "networks", "volumes"}
KEYS = {
    *("build", "command", "depends_on", "environment", "healthcheck", "hostname", "image", "init"),
    *("networks", "ports", "restart", "shm_size", "stop_grace_period", "volumes"),
}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
# `${NAME}`, `${NAME:-default}`, `${NAME:?what is wrong}`
USED = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")


def example() -> dict[str, str]:
    """The variables of .env.example."""
    text = (ROOT / "deploy/.env.example").read_text()
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))


def seconds(duration: str) -> int:
    """Of a duration like 40s."""
    return int(duration.removesuffix("s"))


def has_compose() -> bool:
    """Whether Docker's client has its compose plugin."""
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return asked.returncode == 0


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_says_only_what_compose_knows(name: str) -> None:
    assert set(SERVICES[name]) <= KEYS
    assert {key for key in COMPOSE if not key.startswith("x-")} <= TOP


def test_every_service_of_ours_is_there_with_its_own_image() -> None:
    assert set(RUNNING) == set(SETTINGS) - {"up"}
    for name, service in OURS.items():
        build = service["build"]
        assert build["args"] == {"SERVICE": name}
        assert (ROOT / build["context"] / build["dockerfile"]).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_health_check_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    if name == "migrate":
        assert service["healthcheck"] == {"disable": True}, "it ends"
        assert service["restart"] == "on-failure"
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_what_it_shares_a_network_with(name: str) -> None:
    networks = set(SERVICES[name]["networks"])
    assert networks <= set(COMPOSE["networks"])
    for other, how in SERVICES[name].get("depends_on", {}).items():
        job = other == "migrate"
        assert how["condition"] in CONDITIONS
        assert how["condition"] == (
            "service_completed_successfully" if job else "service_healthy"
        ), f"{name} waits for {other}"
        assert networks & set(SERVICES[other]["networks"])


@pytest.mark.parametrize("name", RUNNING)
def test_a_service_reads_each_variable_it_is_given(name: str) -> None:
    known = {variable(field) for field in SETTINGS[name].model_fields}
    given = {key for key in RUNNING[name]["environment"] if not key.startswith("OTEL_")}
    assert given <= known
    assert "VEDETTE_AMQP_URL" in given
    assert ("VEDETTE_DATABASE_URL" in given) == (variable("database_url") in known)


def test_a_prober_can_not_reach_the_database() -> None:
    assert not set(SERVICES["prober"]["networks"]) & set(SERVICES["postgres"]["networks"])


@pytest.mark.parametrize("name", [name for name in RUNNING if name != "gateway"])
def test_a_service_can_run_many_times(name: str) -> None:
    assert not {"ports", "container_name", "hostname"} & set(RUNNING[name])


def test_work_under_way_ends_before_the_container_does() -> None:
    drain = SETTINGS["prober"].model_fields["drain_s"].default
    for service in RUNNING.values():
        assert seconds(service["stop_grace_period"]) >= drain + 10


def test_the_example_has_what_must_be_set_empty_and_nothing_unused() -> None:
    used = {name: (sign, text) for name, sign, text in USED.findall(TEXT) if sign}
    assert {name for name, _, _ in USED.findall(TEXT)} == set(used), "no default and no message"
    needed = {name for name, (sign, _) in used.items() if sign == "?"}
    secret = {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "VEDETTE_API_KEY", "VEDETTE_SECRET_KEY"}
    assert needed == secret
    assert all(f"set {name}" in used[name][1] for name in needed)
    assert {name for name, value in example().items() if name in needed and not value} == needed
    assert set(example()) <= set(used)


def test_the_example_states_the_defaults() -> None:
    defaults = {
        variable(name): field.default
        for model in SETTINGS.values()
        if model is not SETTINGS["up"]
        for name, field in model.model_fields.items()
    }
    for name, value in example().items():
        if value and name in defaults:
            assert value == f"{defaults[name]}", name


def test_volumes_are_named() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in COMPOSE["volumes"]


if has_compose():  # where there is none, the rules above stand in for it

    def test_compose_itself_accepts_it() -> None:
        settings = "\n".join(f"{name}={value or 'x'}" for name, value in example().items())
        checked = subprocess.run(
            ["docker", "compose", "--env-file", "/dev/stdin", "--file", FILE, "config", "--quiet"],
            input=settings.encode(),
            capture_output=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stderr.decode()
