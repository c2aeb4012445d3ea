"""Each image's installation, replayed: a service runs with the dependencies of its extra alone."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
BUILDER = DOCKERFILE.split("\nFROM ")[1]
# The slowest to install first, so that none is left over at the end.
IMAGES = ("gateway", "notifier", "migrate", "prober", "processor", "incidents", "scheduler")
# What a process imports once it is connected, so late that the start without settings misses it.
LATE = {
    "migrate": ["alembic.command", "sqlalchemy.ext.asyncio"],
    "prober": ["vedette.bus.amqp"],
    "gateway": ["vedette.bus.amqp", "vedette.store.outbox", "redis.asyncio"],
}
WITH_DATABASE = ["vedette.bus.amqp", "vedette.store.outbox"]

IMPORT_ALL = """
import importlib, pkgutil, sys
service, *late = sys.argv[1:]
package = importlib.import_module("vedette." + service)
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)
for name in late:
    importlib.import_module(name)
"""

pytestmark = pytest.mark.timeout(600)


class Image:
    """A virtual environment that holds what the image does."""

    def __init__(self, service: str, folder: Path) -> None:
        self.service = service
        self.python = folder / "venv/bin/python"
        self.folder = folder
        self._copy(folder / "src")
        _succeed(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
        arguments = re.search(r"pip install (.+)", BUILDER)
        assert arguments is not None
        _succeed(
            *(sys.executable, "-m", "pip", "--python", self.python, "install"),
            *("-qq", "--no-compile"),
            *(a.replace("${SERVICE}", service) for a in shlex.split(arguments.group(1))),
            cwd=folder / "src",
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run its Python with an environment that sets nothing of ours."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("VEDETTE_", "PY"))}
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _copy(self, destination: Path) -> None:
        for line in copied(self.service):
            *sources, target = line
            for source in sources:
                path = ROOT / source
                if path.is_dir():
                    ignored = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(path, destination / target, ignore=ignored)
                else:
                    destination.mkdir(exist_ok=True)
                    shutil.copy(path, destination / target)


def copied(service: str) -> list[list[str]]:
    """The words of each COPY instruction of the stage that installs."""
    found = re.findall(r"^COPY (.+)$", BUILDER, re.MULTILINE)
    return [line.replace("${SERVICE}", service).split() for line in found]


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Image]]]:
    """All images, two at a time: it is the processors that limit this."""
    folder = tmp_path_factory.mktemp("images")
    with ThreadPoolExecutor(2) as pool:
        for service in IMAGES:
            (folder / service).mkdir()
        yield {service: pool.submit(Image, service, folder / service) for service in IMAGES}
    shutil.rmtree(folder)


@pytest.fixture(params=IMAGES)
def image(request: pytest.FixtureRequest, building: dict[str, Future[Image]]) -> Image:
    """One of them, when it is done."""
    return building[request.param].result()


def test_an_image_runs_with_its_own_extra_alone(image: Image) -> None:
    started = image.run("-m", f"vedette.{image.service}")
    missing = "VEDETTE_DATABASE_URL" if image.service == "migrate" else "VEDETTE_AMQP_URL"
    assert started.returncode == 1
    assert f"{missing} is not set" in started.stderr
    assert len(started.stderr.splitlines()) == 1, started.stderr

    late = LATE.get(image.service, WITH_DATABASE)
    imported = image.run("-W", "error", "-c", IMPORT_ALL, image.service, *late)
    assert imported.returncode == 0, imported.stderr

    assert _packages(image) == {"core", "bus", "store", "telemetry", "runtime", "testing"} | {
        image.service
    }
    assert _files(_installed(image) / image.service) == _files(
        ROOT / "services/vedette" / image.service
    )


def test_every_service_has_an_image() -> None:
    there = {p.parent.name for p in (ROOT / "services/vedette").glob("*/__main__.py")}
    assert set(IMAGES) == there - {"cli"}


@pytest.mark.parametrize("service", IMAGES)
def test_what_the_dockerfile_copies_is_there(service: str) -> None:
    later = re.findall(r"^COPY (deploy/\S+) ", DOCKERFILE, re.MULTILINE)
    sources = [source for *sources, _target in copied(service) for source in sources]
    for path in [*sources, *later]:
        assert (ROOT / path).exists(), path
        assert _is_sent(path), f"{path} is not in .dockerignore's list"


def _is_sent(path: str) -> bool:
    listed = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]
    return any(path == entry or path.startswith(f"{entry}/") for entry in listed)


def _installed(image: Image) -> Path:
    (found,) = image.folder.glob("venv/lib/python3*/site-packages/vedette")
    return found


def _packages(image: Image) -> set[str]:
    return {path.name for path in _installed(image).iterdir()}


def _files(folder: Path) -> set[str]:
    files = (p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {p.relative_to(folder).as_posix() for p in files}


def _succeed(*command: str | Path, cwd: Path | None = None) -> None:
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    ran = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
