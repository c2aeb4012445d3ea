"""What the tests need beyond Python packages.

`python -m vedette.testing.needs` finds each of them or, as root on a Debian, installs it;
`--with browser` includes the browser.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path


class NotInstalledError(RuntimeError):
    """A program that a test needs is missing. A test fails for it; it never skips."""


@dataclass(frozen=True, slots=True)
class Need:
    """A program, where it may be besides PATH, and the Debian package that brings it."""

    name: str
    programs: tuple[str, ...]
    package: str
    patterns: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()
    only_with: str = ""

    def find(self) -> Path | None:
        """Where the program is on this machine."""
        for path in (*self._at_patterns(), *self._on_path()):
            if os.access(path, os.X_OK) and path.resolve().name not in self.wrappers:
                return path
        return None

    def _at_patterns(self) -> list[Path]:
        """Newest version first."""
        root = Path("/")
        return [
            path
            for pattern in self.patterns
            for path in sorted(root.glob(pattern), key=_by_version, reverse=True)
        ]

    def _on_path(self) -> list[Path]:
        """PATH, and the folders that are missing from it for those who are not root."""
        folders = [*os.get_exec_path(), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"]
        return [Path(folder) / program for program in self.programs for folder in folders]


def _by_version(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


NEEDS = (
    Need(
        "rabbitmq-server",
        programs=("rabbitmq-server",),
        package="rabbitmq-server",
        patterns=(
            "usr/lib/rabbitmq/bin/rabbitmq-server",
            "usr/lib/rabbitmq*/lib/rabbitmq_server-*/sbin/rabbitmq-server",
            "usr/lib/rabbitmq*/bin/rabbitmq-server",
            "opt/rabbitmq*/sbin/rabbitmq-server",
        ),
        # Debian's command of that name changes the user, and refuses for everyone but root.
        wrappers=("rabbitmq-script-wrapper",),
    ),
    Need("redis-server", programs=("redis-server", "valkey-server"), package="redis-server"),
    Need("mosquitto", programs=("mosquitto",), package="mosquitto"),
    Need("mariadbd", programs=("mariadbd",), package="mariadb-server"),
    Need("mariadb-install-db", programs=("mariadb-install-db",), package="mariadb-server"),
    Need("nginx", programs=("nginx",), package="nginx-light"),
    Need("named", programs=("named",), package="bind9"),
    Need("sshd", programs=("sshd",), package="openssh-server"),
    Need("ip", programs=("ip",), package="iproute2"),
    Need("faketime", programs=("faketime",), package="faketime"),
    Need("node", programs=("node",), package="nodejs"),
    Need("npm", programs=("npm",), package="npm"),
    Need("wrk", programs=("wrk",), package="wrk", only_with="bench"),
    Need(
        "chromium",
        programs=("chromium", "chromium-browser", "google-chrome"),
        package="chromium",
        only_with="browser",
    ),
)


def require(name: str) -> Path:
    """Where the program `name` of the table is; an error that says what to install."""
    need = next(need for need in NEEDS if need.name == name)
    path = need.find()
    if path is None:
        raise NotInstalledError(
            f"{name} is not installed: apt-get install {need.package} (or run ./task test as root)"
        )
    return path


def missing(*, including: Collection[str] = ()) -> list[Need]:
    """What is needed and not there; optional needs (`browser`) only when named."""
    wanted = [need for need in NEEDS if not need.only_with or need.only_with in including]
    return [need for need in wanted if need.find() is None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Find or install everything; the exit code says whether all is there."""
    from vedette.testing.installing import install

    including = _options(sys.argv[1:] if arguments is None else arguments)
    absent = missing(including=including)
    packages = list(dict.fromkeys(need.package for need in absent))
    problem = install(packages) if packages else ""
    still = dict.fromkeys(need.package for need in missing(including=including))
    if still:
        reason = f" ({problem})" if problem else ""
        wanted = " ".join(still)
        sys.stderr.write(f"install what the tests need: apt-get install {wanted}{reason}\n")
    return 1 if still else 0


def _options(arguments: Sequence[str]) -> list[str]:
    import argparse

    options = argparse.ArgumentParser(prog="vedette.testing.needs", description=__doc__)
    optional = sorted({need.only_with for need in NEEDS if need.only_with})
    options.add_argument("--with", action="append", default=[], choices=optional, dest="including")
    return list(options.parse_args(arguments).including)


if __name__ == "__main__":
    raise SystemExit(main())
