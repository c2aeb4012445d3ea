"""What a reader may rely on in this tree, beyond the contracts in pyproject.toml."""

import ast
import tomllib
from pathlib import Path

import pytest

from vedette.cli.proto.settings import SETTINGS, variable
from vedette.runtime.settings import StoreSettings

ROOT = Path(__file__).parents[2]
ROOTS = (ROOT / "libs/vedette", ROOT / "services/vedette")
MODULES = sorted(path for root in ROOTS for path in root.rglob("*.py"))
SERVICES = sorted(
    path.name
    for path in ROOTS[1].iterdir()
    if path.is_dir() and path.name not in {"cli", "migrate", "__pycache__"}
)
MOST_LINES = 500
# What starts a process, what tells of it, and what stands in for its surroundings.
EDGES = ("cli", "telemetry", "testing")


def short(path: Path) -> str:
    """The path below its root."""
    return next(path.relative_to(root).as_posix() for root in ROOTS if path.is_relative_to(root))


@pytest.mark.parametrize("root", ROOTS, ids=["libs", "services"])
def test_the_namespace_has_no_init(root: Path) -> None:
    assert not (root / "__init__.py").exists(), "it would hide the other root"


def test_files_stay_readable() -> None:
    assert [short(m) for m in MODULES if len(m.read_text().splitlines()) > MOST_LINES] == []


@pytest.mark.parametrize("service", SERVICES)
def test_services_have_the_same_shape(service: str) -> None:
    for file in ("__init__.py", "__main__.py", "settings.py", "service.py"):
        assert (ROOTS[1] / service / file).is_file(), file


def test_only_the_edges_read_the_environment() -> None:
    inside = [m for m in MODULES if m.name != "__main__.py" and not short(m).startswith(EDGES)]
    assert [short(m) for m in inside if _reads_environment(ast.parse(m.read_text()))] == []


def test_what_decides_reads_no_clock() -> None:
    pure = [m for m in MODULES if {"core", "domain"} & {*Path(short(m)).with_suffix("").parts}]
    clocks = {"now", "utcnow", "today"}
    assert [short(m) for m in pure if _methods_called(ast.parse(m.read_text())) & clocks] == []


def test_migrations_stand_in_one_line() -> None:
    versions = ROOT / "libs/vedette/store/migrations/versions"
    said = [_constants(path) for path in sorted(versions.glob("[0-9]*.py"))]
    numbers = [f"{number:04}" for number in range(1, len(said) + 1)]
    assert [(one["revision"], one.get("down_revision")) for one in said] == list(
        zip(numbers, [None, *numbers], strict=False)
    )


def test_import_linter_knows_every_package() -> None:
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    there = {f"vedette.{path.parent.name}" for path in MODULES if path.parent.parent in ROOTS}
    assert set(configured["root_packages"]) == there


def test_every_service_has_an_extra_and_settings_of_its_own() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for service in SERVICES:
        assert service in project["optional-dependencies"]
        assert SETTINGS[service].__module__ == f"vedette.{service}.settings"


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs/settings.md").read_text()
    for model in SETTINGS.values():
        for name in model.model_fields:
            assert f"| `{variable(name)}` |" in page, "run ./task proto"


def test_every_setting_says_what_it_means() -> None:
    for model in SETTINGS.values():
        own = set(model.model_fields) - set(StoreSettings.model_fields)
        for name in own:
            assert model.model_fields[name].description, f"{model.__name__}.{name}"


def _reads_environment(tree: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    attributes = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    imported = {
        alias.name
        for n in ast.walk(tree)
        if isinstance(n, ast.ImportFrom) and n.module == "os"
        for alias in n.names
    }
    return bool(names & (attributes | imported))


def _methods_called(tree: ast.AST) -> set[str]:
    return {
        n.func.attr
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
    }


def _constants(path: Path) -> dict[str, object]:
    return {
        target.id: node.value.value
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
