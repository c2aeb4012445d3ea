"""What processes use, with all their descendants."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import psutil

N = TypeVar("N", int, float)


def cpu_s(roots: Iterable[int]) -> float:
    """CPU seconds so far, also of children that ended."""
    return _summed(roots, _cpu, 0.0)


def cpu_by_name(roots: Iterable[int]) -> dict[str, float]:
    """CPU seconds so far of the processes that live, by what they are."""
    found: dict[str, float] = {}
    for process in _tree(roots):
        with suppress(psutil.Error):
            name, times = _name(process), process.cpu_times()
            found[name] = found.get(name, 0) + times.user + times.system
    return found


def waits(roots: Iterable[int]) -> int:
    """How often processes have begun to wait so far."""
    return _summed(roots, lambda process: process.num_ctx_switches().voluntary, 0)


def pss_mb(roots: Iterable[int]) -> float:
    """Memory in MB, each shared page counted once."""
    return round(_summed(roots, lambda process: process.memory_full_info().pss, 0) / 1e6)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _name(process: psutil.Process) -> str:
    """A service's name, what a process of PostgreSQL does, or the program's."""
    words = process.cmdline()
    if words[0].startswith("postgres:"):  # its own title, which the user's name follows
        return " ".join(words[0].partition(": ")[2].split()[:2])
    service = words[words.index("vedette.cli.main") + 1 :] if "vedette.cli.main" in words else []
    return " ".join(service) or process.name()


def _summed(roots: Iterable[int], figure: Callable[[psutil.Process], N], nothing: N) -> N:
    total = nothing
    for process in _tree(roots):
        with suppress(psutil.Error):
            total += figure(process)
    return total


def _tree(roots: Iterable[int]) -> set[psutil.Process]:
    found: set[psutil.Process] = set()
    for root in roots:
        with suppress(psutil.Error):
            process = psutil.Process(root)
            found |= {process, *process.children(recursive=True)}
    return found
