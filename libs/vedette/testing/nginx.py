"""A private nginx: the fastest honest target there is, for benchmarks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from vedette.testing.exchange import answer_to
from vedette.testing.needs import require
from vedette.testing.ports import free_port
from vedette.testing.server import Server

_CONFIG = """\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
    access_log {access_log};
    client_body_temp_path temp-body;
    proxy_temp_path temp-proxy;
    fastcgi_temp_path temp-fastcgi;
    uwsgi_temp_path temp-uwsgi;
    scgi_temp_path temp-scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ return 200 "ok\\n"; }}
    }}
}}
"""


class Nginx(Server):
    """An nginx that answers 200 and three bytes at any path."""

    @property
    def url(self) -> str:
        """The address of its root."""
        return f"http://127.0.0.1:{self.port}/"

    async def answers(self) -> bool:
        """Whether it serves pages."""
        question = b"HEAD / HTTP/1.0\r\n\r\n"
        return await answer_to(self.port, question, 12) == b"HTTP/1.1 200"


@asynccontextmanager
async def running_nginx(directory: Path, *, access_log: bool = False) -> AsyncIterator[Nginx]:
    """An nginx with its files in `directory`; its access log, if wanted, is `access.log`."""
    nginx = _nginx(directory, "access.log" if access_log else "off")
    try:
        await nginx.start()
        yield nginx
    finally:
        await nginx.kill()


def _nginx(directory: Path, access_log: str) -> Nginx:
    program = require("nginx")
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = directory.resolve() / "nginx.conf"
    config.write_text(_CONFIG.format(port=port, access_log=access_log))
    argv = [str(program), "-e", "stderr", "-p", f"{config.parent}/", "-c", str(config)]
    return Nginx(argv, port=port, log=directory / "nginx.log")
