"""Installing Debian packages without the services that Debian would start along with them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# Debian asks this file before it starts a service; 101 means "not allowed".
POLICY = Path("/usr/sbin/policy-rc.d")
_MARK = "# put here by vedette.testing while it installs packages"
_FORBID = f"#!/bin/sh\n{_MARK}\nexit 101\n"


def install(packages: Sequence[str]) -> str:
    """Install packages if we may; returns in one line why not."""
    if os.geteuid() != 0:
        return "not root"
    if shutil.which("apt-get") is None:
        return "there is no apt-get here"
    with _ended_in_order(), no_services(POLICY):
        return _apt("update") or _apt("install", "-y", "--no-install-recommends", *packages)


def _apt(action: str, *words: str) -> str:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    done = subprocess.run(
        ["apt-get", "-q", action, *words],
        check=False,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = done.stdout.strip().splitlines() or [""]
    return "" if done.returncode == 0 else f"apt-get {action} failed: {lines[-1]}"


@contextmanager
def no_services(policy: Path) -> Iterator[None]:
    """Forbid Debian to start services, and leave `policy` as it was found.

    A policy that forbids them already stays untouched. What a killed run of ours left behind is
    put right first.
    """
    saved = policy.with_name(f"{policy.name}.before-vedette")
    _restore(policy, saved)
    if _forbids(policy):
        yield
        return
    if policy.exists():
        policy.rename(saved)
    policy.write_text(_FORBID)
    policy.chmod(0o755)
    try:
        yield
    finally:
        _restore(policy, saved)


def _restore(policy: Path, saved: Path) -> None:
    if policy.exists() and _MARK in policy.read_text(errors="replace"):
        policy.unlink()
    if saved.exists() and not policy.exists():
        saved.rename(policy)


def _forbids(policy: Path) -> bool:
    """Whether the policy that is there answers "not allowed"."""
    if not os.access(policy, os.X_OK):
        return False
    question = [str(policy), "rabbitmq-server", "start"]
    return subprocess.run(question, check=False, stdin=subprocess.DEVNULL).returncode == 101


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that the policy is restored on that way out too."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
