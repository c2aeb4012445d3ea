"""Which tests need servers, and how long they may take.

A unit test needs nothing but this checkout. The others are known by where they are: in
`tests/integration`, `tests/e2e` and `tests/bench`, and in files named `test_integration_*.py`
beside a service's unit tests. They are marked `servers`, so `-m "not servers"` is the unit tests.
"""

import gc
from pathlib import Path

import hypothesis
import pytest
import structlog

pytest_plugins = ["tests.fixtures"]

_HERE = Path(__file__).parent
_FOLDERS = frozenset({"integration", "e2e", "bench"})

# A machine that stalls is no fault of what is tested.
hypothesis.settings.register_profile("thorough", deadline=None)
# Before each commit a look at the likely; `./task test` is thorough.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=25)
hypothesis.settings.load_profile("quick")

# As in production. The fancy one, of a traceback with its variables, takes 160 ms of CPU, not 1,
# in the midst of an event loop: on a busy machine seconds.
_RENDERER = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _RENDERER])


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Don't even import those that need servers for a run of those that don't."""
    unit = config.option.markexpr == "not servers"
    return True if unit and _needs_servers(collection_path) else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark by path."""
    if _needs_servers(item.path):
        item.add_marker(pytest.mark.servers)


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests, which stay: a sixth of the CPU time."""
    gc.freeze()


def _needs_servers(path: Path) -> bool:
    return path.name.startswith("test_integration_") or not _FOLDERS.isdisjoint(
        path.relative_to(_HERE).parts[:1]
    )
