"""A private nginx: the fastest honest target there is, for benchmarks, and one with HTTP/2."""

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
    log_format precise '$msec $status "$request"';
    access_log {access_log};
    client_body_temp_path temp-body;
    proxy_temp_path temp-proxy;
    fastcgi_temp_path temp-fastcgi;
    uwsgi_temp_path temp-uwsgi;
    scgi_temp_path temp-scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096 {listen};
        {tls}
        location / {{ {down} return 200 "ok\\n"; }}
    }}
}}
"""


_TLS = """\
        ssl_certificate {pem};
        ssl_certificate_key {pem};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_tickets {tickets};
"""


class Nginx(Server):
    """An nginx that answers 200 and three bytes at any path."""

    plain = True
    """Whether it understands a request that is neither encrypted nor in HTTP/2."""

    @property
    def url(self) -> str:
        """The address of its root."""
        return f"http://127.0.0.1:{self.port}/"

    async def answers(self) -> bool:
        """Whether it serves pages, or at least connections."""
        if not self.plain:
            return await answer_to(self.port, b"", 0) == b""
        question = b"HEAD / HTTP/1.0\r\n\r\n"
        return await answer_to(self.port, question, 12) == b"HTTP/1.1 200"


@asynccontextmanager
async def running_nginx(
    directory: Path,
    *,
    access_log: bool = False,
    down: Path | None = None,
    http2: bool = False,
    pem: Path | None = None,
    tickets: bool = True,
) -> AsyncIterator[Nginx]:
    """An nginx with its files in `directory`; its access log, if wanted, is `access.log`.

    A page answers 503 while there is a file of its path in the folder `down`, which any user may
    have to read.

    It speaks TLS if it has a file with a key and certificates, and HTTP/2 if wanted.
    Without `tickets`, no client can resume a session: every handshake is a whole one.
    """
    nginx = _nginx(
        directory,
        "access.log precise" if access_log else "off",
        down="" if down is None else f"if (-f {down}$uri) {{ return 503; }}",
        http2=http2,
        tls=_tls(pem, tickets=tickets),
    )
    try:
        await nginx.start()
        yield nginx
    finally:
        await nginx.kill()


def _tls(pem: Path | None, *, tickets: bool) -> str:
    return "" if pem is None else _TLS.format(pem=pem, tickets="on" if tickets else "off")


def _nginx(directory: Path, access_log: str, *, down: str, http2: bool, tls: str) -> Nginx:
    program = require("nginx")
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = directory.resolve() / "nginx.conf"
    listen = " ".join([*(["ssl"] if tls else []), *(["http2"] if http2 else [])])
    config.write_text(
        _CONFIG.format(port=port, access_log=access_log, down=down, listen=listen, tls=tls)
    )
    argv = [str(program), "-e", "stderr", "-p", f"{config.parent}/", "-c", str(config)]
    nginx = Nginx(argv, port=port, log=directory / "nginx.log")
    nginx.plain = not http2 and not tls
    return nginx
