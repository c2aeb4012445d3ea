"""Which tests need servers.

A unit test needs nothing but this checkout. The others are known by where they are: in
`tests/integration`, `tests/e2e` and `tests/bench`, and in files named `test_integration_*.py`
beside a service's unit tests. They are marked `servers`, so `-m "not servers"` is the unit tests.
"""

from pathlib import Path

import pytest

pytest_plugins = ["tests.fixtures"]

_HERE = Path(__file__).parent
_FOLDERS = frozenset({"integration", "e2e", "bench"})


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark by path."""
    folder = item.path.relative_to(_HERE).parts[0]
    if folder in _FOLDERS or item.path.name.startswith("test_integration_"):
        item.add_marker(pytest.mark.servers)
