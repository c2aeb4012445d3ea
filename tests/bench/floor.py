"""The floor: what the same requests cost wrk, which is C, one thread, and does nothing else."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass

from vedette.testing.needs import require

_REQUESTS = re.compile(rb"(\d+) requests in")
_ERRORS = re.compile(rb"Socket errors:.*|Non-2xx.*")


@dataclass(frozen=True)
class Floor:
    """CPU seconds of wrk's process, user and system, per 1,000 requests."""

    cpu_s_per_1000: float
    requests: int
    version: str


def floor(url: str, *, seconds: int, at_once: int) -> Floor:
    """Request a URL with a new connection each time. Raises RuntimeError if any request fails."""
    wrk = str(require("wrk"))
    argv = [wrk, "-t1", f"-c{at_once}", f"-d{seconds}s", "-H", "Connection: close", url]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    found, errors = _REQUESTS.search(said), _ERRORS.search(said)
    if process.returncode or found is None or errors is not None:
        raise RuntimeError(f"{' '.join(argv)}: {said.decode()}")
    requests = int(found[1])
    cpu_s = used.ru_utime + used.ru_stime
    return Floor(cpu_s / requests * 1000, requests, _version(wrk))


def _version(wrk: str) -> str:
    said = subprocess.run([wrk, "-v"], capture_output=True, check=False).stdout
    return said.decode().split("[")[0].strip()
