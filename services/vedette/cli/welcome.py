"""What `vedette up` tells the person who started it."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from vedette.cli.datadir import Key
from vedette.core.version import __version__


class Welcome:
    """Progress while starting, then where things are and what to do first."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Say that something starts, and how long it took."""
        began = time.monotonic()
        self._console.print(f"starting {what} …", highlight=False)
        yield
        self._console.print(
            f"[green]✓[/green] {what} [dim]{time.monotonic() - began:.1f} s[/dim]",
            highlight=False,
        )

    def ready(self, address: str, data_dir: Path, api_key: Key, probers: int) -> None:
        """Say where it listens, where the data lies, and, the first time, how to begin."""
        url = f"http://{address.replace('0.0.0.0', '127.0.0.1')}"  # noqa: S104
        shown = "$VEDETTE_API_KEY" if api_key.file is None else f"$(cat {api_key.file})"
        lines = [
            "",
            f"[bold]Vedette {__version__}[/bold] is up, {time.monotonic() - self._began:.1f} s.",
            "",
            f"  page and API  {url}",
            f"  data          {data_dir}",
            *self._key_lines(api_key),
            *([f"  probers       {probers}, in processes of their own"] if probers else []),
            "",
            *([] if api_key.file is not None and not api_key.new else _first_steps(url, shown)),
            "Ctrl-C stops it.",
        ]
        for line in lines:
            self._console.print(line, highlight=False, soft_wrap=True, emoji=False)

    def stopping(self) -> None:
        """Say that the end was asked for."""
        self._console.print("stopping: finishing work under way …", highlight=False)

    def stopped(self) -> None:
        """Say that all is safe."""
        self._console.print("stopped.", highlight=False)

    def _key_lines(self, api_key: Key) -> list[str]:
        if api_key.file is None:
            return ["  API key       from VEDETTE_API_KEY"]
        lines = [f"  API key       in {api_key.file}"]
        if api_key.new:
            lines.append(f"                {api_key.value.get_secret_value()}  (shown this once)")
        return lines


def _first_steps(url: str, key: str) -> list[str]:
    """How to add a first monitor."""
    lines = [
        "Add a first monitor:",
        "",
        f'  KEY="{key}"',
        f'  curl -s {url}/api/v1/monitors -H "Authorization: Bearer $KEY" \\',
        "    -H 'Content-Type: application/json' \\",
        '    -d \'{"name": "Example", "kind": "http", "target": {"url": "https://example.org/"}}\'',
        f'  curl -s {url}/api/v1/monitors -H "Authorization: Bearer $KEY"',
        "",
    ]
    if shutil.which("curl") is None:
        lines.append("(curl is not installed here: apt-get install curl)")
    return lines
