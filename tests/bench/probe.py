"""What does a check cost, and do checks that hang hold up others?

    python -m tests.bench.probe [--checks 5000] [--runs 3] [--kinds http,https-rsa,…]

Prints CPU seconds of the prober's process per 1,000 checks of each kind, those of `wrk` for the
same requests beside them (the floor), and how long 1,000 checks took, by the clock of their slots,
alone and beside 1,000 that hang; then all of that as JSON. Of several runs the medians count. Exits
1 if a bar is missed: plain HTTP at most 2.5 times the floor, HTTPS at most 1.3 times; 99 of 100
checks less than 20 ms late beside those that hang. All targets are on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import pycurl
import trustme
from tests.bench.floor import Floor, floor
from tests.bench.targets import SILENT

from vedette.core.version import __version__
from vedette.prober.settings import ProberSettings
from vedette.testing.nginx import Nginx, running_nginx
from vedette.testing.registry import rdap_domain, running_rdap

BARS = {"http": 2.5, "https-rsa": 1.3, "https-ec": 1.3}
"""How many times the floor a check may cost."""
ADDED_BAR_MS = 20
AT_ONCE = 100
FLOOR_S = 4
HANGING = 1000
HANG_S = 30
PACED_S = 10
NOISE = 0.3
"""Cores that others use, above which the machine is not quiet."""

Definition = dict[str, Any]


@dataclass(frozen=True)
class Targets:
    """What there is to be checked."""

    plain: Nginx
    rsa: Nginx
    ec: Nginx
    names: int
    silent: int
    ca_file: Path
    rdap: str

    def definitions(self) -> dict[str, Definition]:
        """By the name of what is measured."""
        here = {"host": "127.0.0.1"}
        name = {"name": "example.org", "server": f"127.0.0.1:{self.names}"}
        return {
            "http": _of("http", url=self.plain.url),
            "https-rsa": _of("http", url=_secure(self.rsa)),
            "https-ec": _of("http", url=_secure(self.ec)),
            "tcp": _of("tcp", **here, port=self.plain.port),
            "tls": _of("tls", **here, port=self.rsa.port),
            "dns": _of("dns", **name),
            "icmp": _of("icmp", **here, count=1),
            "domain": _of("domain", name="example.org"),
        }

    def hanging(self) -> list[Definition]:
        """As many as are to hang, over several hosts, for each host has a limit of its own."""
        hosts = [SILENT[at % len(SILENT)] for at in range(HANGING)]
        return [
            _of("http", url=f"http://{host}:{self.silent}/") | {"timeout_s": HANG_S}
            for host in hosts
        ]

    def floors(self) -> dict[str, str]:
        """What wrk is to request beside a kind."""
        return {
            "http": self.plain.url,
            "https-rsa": _secure(self.rsa),
            "https-ec": _secure(self.ec),
        }

    def settings(self) -> dict[str, Any]:
        """Those of the prober, if they are not the default ones."""
        return {"prober_ca_file": str(self.ca_file), "prober_rdap_bootstrap": self.rdap}


def _secure(nginx: Nginx) -> str:
    return f"https://127.0.0.1:{nginx.port}/"


def _of(kind: str, **target: Any) -> Definition:
    return {"kind": kind, "target": target}


@asynccontextmanager
async def running_targets() -> AsyncIterator[Targets]:
    """The targets, each in a process of its own."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vedette-bench-")))
        authority = trustme.CA()
        ca_file = _trusting(authority, folder)
        plain = await stack.enter_async_context(running_nginx(folder / "plain"))
        # wrk would resume sessions, which a monitor must not: it would not see the certificate.
        rsa, ec = [
            await stack.enter_async_context(
                running_nginx(folder / key.name, pem=_issued(authority, key, folder), tickets=False)
            )
            for key in (trustme.KeyType.RSA, trustme.KeyType.ECDSA)
        ]
        rdap = await stack.enter_async_context(running_rdap("org"))
        rdap.domains["example.org"] = rdap_domain("example.org", "2100-01-01T00:00:00Z")
        others = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.bench.targets"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert others.stdin is not None
        assert others.stdout is not None
        try:
            ports = json.loads(await others.stdout.readline())
            yield Targets(plain, rsa, ec, ports["names"], ports["silent"], ca_file, rdap.bootstrap)
        finally:
            others.stdin.close()
            await others.wait()


def _trusting(authority: trustme.CA, folder: Path) -> Path:
    """A file of those who are trusted anyway, and this authority."""
    ca_file = folder / "ca.pem"
    trusted = Path(ProberSettings().ca_file()).read_bytes()
    ca_file.write_bytes(trusted + b"\n" + authority.cert_pem.bytes())
    return ca_file


def _issued(authority: trustme.CA, key: trustme.KeyType, folder: Path) -> Path:
    """What nginx shows: a key and its certificate."""
    pem = folder / f"{key.name}.pem"
    issued = authority.issue_cert("127.0.0.1", key_type=key)
    issued.private_key_and_cert_chain_pem.write_to_path(str(pem))
    return pem


async def _ordered(targets: Targets, **order: Any) -> dict[str, Any]:
    """What a prober in a process of its own says."""
    prober = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.bench.probing"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    said, _ = await prober.communicate(
        json.dumps({"settings": targets.settings(), **order}).encode()
    )
    if prober.returncode:
        raise RuntimeError(f"the prober ended with {prober.returncode}")
    answer: dict[str, Any] = json.loads(said)
    return answer


async def _costs(targets: Targets, options: argparse.Namespace) -> dict[str, Any]:
    """One run: each kind, and right after it the floor, if it has one."""
    floors = targets.floors()
    report: dict[str, Any] = {}
    for name in options.kinds:
        definition = targets.definitions()[name]
        report[name] = await _ordered(
            targets, measure="cost", definition=definition, checks=options.checks, at_once=AT_ONCE
        )
        if name in floors:
            url = floors[name]
            under: Floor = await asyncio.to_thread(floor, url, seconds=FLOOR_S, at_once=AT_ONCE)
            report[name]["floor_cpu_s_per_1000"] = under.cpu_s_per_1000
            report[name]["times_the_floor"] = report[name]["cpu_s_per_1000"] / under.cpu_s_per_1000
            report["wrk"] = under.version
    return report


async def _hold(targets: Targets) -> dict[str, Any]:
    return await _ordered(
        targets,
        measure="hold",
        definition=targets.definitions()["http"],
        hanging=targets.hanging(),
        checks=HANGING,
        seconds=PACED_S,
    )


async def main() -> int:
    """Measure and print."""
    options = _options()
    async with running_targets() as targets:
        busy = _busy()
        costs = [await _costs(targets, options) for _ in range(options.runs)]
        holds = [await _hold(targets) for _ in range(options.runs)]
    report = _report(options, costs, holds) | {"others_use_cores": busy, "quiet": busy < NOISE}
    _print_table(report)
    print(json.dumps(report, indent=2))
    return 0 if report["holds"] else 1


def _options() -> argparse.Namespace:
    kinds = ["http", "https-rsa", "https-ec", "tcp", "tls", "dns", "icmp", "domain"]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--checks", type=int, default=5000, help="of each kind, in each run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=kinds)
    options = parser.parse_args()
    unknown = sorted(set(options.kinds) - set(kinds))
    if unknown:
        parser.error(f"not measured: {', '.join(unknown)}; there is {', '.join(kinds)}")
    return options


def _busy() -> float:
    """How many cores are in use, before anything is measured."""
    return round(psutil.cpu_percent(interval=3) / 100 * (psutil.cpu_count() or 1), 2)


def _report(
    options: argparse.Namespace, costs: list[dict[str, Any]], holds: list[dict[str, Any]]
) -> dict[str, Any]:
    kinds = {name: _medians([run[name] for run in costs]) for name in options.kinds}
    for name, bar in BARS.items():
        if name in kinds:
            kinds[name] |= {"bar": bar, "holds": kinds[name]["times_the_floor"] <= bar}
    added = median(run["added_p99_ms"] for run in holds)
    hung = all(run["hanging_throughout"] == HANGING for run in holds)
    hold = {"added_p99_ms": added, "bar_ms": ADDED_BAR_MS, "runs": holds}
    hold["holds"] = added < ADDED_BAR_MS and hung
    return {
        "machine": f"{psutil.cpu_count()} cores, {platform.machine()}, {_processor()}",
        "versions": {
            "vedette": __version__,
            "python": platform.python_version(),
            "libcurl": pycurl.version,
            "wrk": costs[0].get("wrk"),
        },
        "checks": options.checks,
        "runs": options.runs,
        "at_once": AT_ONCE,
        "kinds": kinds,
        "hold": hold,
        "holds": hold["holds"] and all(one.get("holds", True) for one in kinds.values()),
    }


def _medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each number, and what all runs saw."""
    numbers = [key for key, value in runs[0].items() if isinstance(value, float)]
    return {
        **{key: round(median(run[key] for run in runs), 4) for key in numbers},
        "each_cpu_s_per_1000": [round(run["cpu_s_per_1000"], 4) for run in runs],
        "outcomes": [run["outcomes"] for run in runs],
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if os.name == "posix" else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else "unknown"


def _print_table(report: dict[str, Any]) -> None:
    print(f"{'kind':<10} {'CPU s/1000':>11} {'floor':>8} {'times':>6} {'bar':>5}  holds")
    for name, one in report["kinds"].items():
        line = f"{name:<10} {one['cpu_s_per_1000']:>11.3f}"
        if "bar" in one:
            line += f" {one['floor_cpu_s_per_1000']:>8.3f} {one['times_the_floor']:>6.2f}"
            line += f" {one['bar']:>5}  {'yes' if one['holds'] else 'NO'}"
        print(line)
    hold = report["hold"]
    verdict = "yes" if hold["holds"] else "NO"
    print(f"beside {HANGING} that hang: p99 {hold['added_p99_ms']} ms more, bar 20 ms: {verdict}")


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
