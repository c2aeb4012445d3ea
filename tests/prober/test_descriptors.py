"""Room for open files."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from vedette.prober.descriptors import make_room


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def soft() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def limited(allowed: int) -> int:
    """Set the soft limit alone; the hard one."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return hard


def test_the_limit_is_raised_as_far_as_needed() -> None:
    limited(1024)
    assert make_room(1000) is None
    assert soft() == 2500


def test_it_is_not_lowered() -> None:
    limited(3000)
    assert make_room(10) is None
    assert soft() == 3000


def test_too_much_is_said() -> None:
    hard = limited(1024)
    if hard == resource.RLIM_INFINITY:
        pytest.fail("this test needs a hard limit of open files")
    assert make_room(hard) == (
        f"{hard} checks at once need {2 * hard + 500} open files, of which the system allows {hard}"
    )
    assert soft() == hard
