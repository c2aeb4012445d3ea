"""Vedette, as a rig that measures monitoring systems from outside drives it.

The rig names the targets: its module `lib` has `url(number, scheme)` and a port for webhooks. It
calls `start(n, interval, scheme)`, `pids()`, `datadir()` and `stop()`, and gives the webhooks that
came to `parse`. `python -m tests.bench.beside RIG COMMAND …` runs it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.bench.field import sown
from tests.e2e.actor import SECRET
from tests.e2e.installation import KEY

from vedette.testing.ports import free_port

_START_S = 60
# The scheduler looks for changes that no event told it of every 30 s, and reads so many a second at
# least.
_FOUND_WITHIN_S = 45
_READ_PER_S = 2000


class Vedette:
    """`vedette up` on a data directory of its own."""

    name = "vedette"

    def __init__(self, url: Callable[[int, str], str], sink: str) -> None:
        self._url = url
        self._sink = sink
        self._folder = Path(tempfile.mkdtemp(prefix="vedette-bench-"))
        self._folder.chmod(0o711)
        self._process: subprocess.Popen[bytes] | None = None
        self._address = f"127.0.0.1:{free_port()}"

    def start(self, n: int, interval: float, scheme: str = "http") -> None:
        """Start it with so many monitors, and wait until they are checked in their slots."""
        self._launch()
        config = {"url": self._sink, "secret": SECRET}
        channel = self._post("channels", {"name": "sink", "kind": "webhook", "config": config})
        target: dict[str, Any] = {"url": self._url(0, scheme)}
        if scheme != "http":
            target["tls"] = {"verify": False}  # as the peers have it: self-signed
        first = {"name": "first", "kind": "http", "target": target, "interval_s": 3600}
        self._post("monitors", first | {"failure_threshold": 1, "channels": [channel["id"]]})
        time.sleep(2)  # until it was checked
        folder = quote(str(self._folder / "data" / "postgresql" / "socket"))
        dsn = f"postgresql://vedette@/vedette?host={folder}"
        urls = [self._url(number, scheme) for number in range(n)]
        ahead_s = _FOUND_WITHIN_S + n / _READ_PER_S
        sown(dsn, urls, interval_s=int(interval), ahead_s=ahead_s)
        time.sleep(ahead_s + interval)

    def pids(self) -> list[int]:
        """Vedette, whose probers may be its children, and its PostgreSQL, which is none."""
        assert self._process is not None
        postmaster = self._folder / "data" / "postgresql" / "data" / "postmaster.pid"
        return [self._process.pid, int(postmaster.read_text().split()[0])]

    def datadir(self) -> str:
        """Where all it keeps is."""
        return str(self._folder / "data")

    def stop(self) -> None:
        """Stop it, and forget what it kept."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    @staticmethod
    def parse(line: Any) -> list[tuple[int, str, float]]:
        """Which monitors a webhook says went down or up, and when it came."""
        event = line["body"]
        kind = event.get("type", "") if isinstance(event, dict) else ""
        state = {"vedette.incident.opened.v1": "down", "vedette.incident.resolved.v1": "up"}
        if kind not in state:
            return []
        name = event["data"]["monitor"]["name"]
        return [(int(name.removeprefix("m")), state[kind], line["t"])]

    def _launch(self) -> None:
        environment = {
            "VEDETTE_HTTP": self._address,
            "VEDETTE_DATA_DIR": str(self._folder / "data"),
            "VEDETTE_API_KEY": KEY,
            "VEDETTE_STORM_THRESHOLD": "0",  # each is told of by itself, as the peers do
            "VEDETTE_SECRET_KEY": "a secret of the benchmark, and long enough",
        }
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "vedette.cli.main", "up"],
                env=os.environ | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + _START_S
        while time.monotonic() < end:
            with (
                suppress(OSError),
                urllib.request.urlopen(f"http://{self._address}/health/ready", timeout=5),
            ):
                return
            time.sleep(0.2)
        raise RuntimeError(f"it did not start: {(self._folder / 'log').read_text()}")

    def _post(self, what: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"http://{self._address}/api/v1/{what}",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
