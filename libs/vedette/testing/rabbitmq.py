"""A private RabbitMQ: its own node, data, cookie, ports and name server (epmd)."""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from vedette.testing.exchange import answer_to
from vedette.testing.needs import NotInstalledError, require
from vedette.testing.ports import free_port
from vedette.testing.server import Server

_AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01"
_EPMD_NAMES = b"\x00\x01n"

_CONFIG = """\
listeners.tcp.1 = 127.0.0.1:{port}
disk_free_limit.absolute = 1MB
vm_memory_high_watermark.relative = 0.8
log.console = true
log.console.level = warning
log.file = false
"""


_TLS_CONFIG = """\
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {pem}
ssl_options.certfile = {pem}
ssl_options.keyfile = {pem}
ssl_options.verify = verify_none
"""


class Broker(Server):
    """A RabbitMQ node. Durable queues and their messages survive stop, kill and restart."""

    tls_port = 0
    """Where it speaks AMQP within TLS, if it was given a certificate."""

    @property
    def url(self) -> str:
        """Where AMQP clients connect."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    async def control(self, *words: str) -> str:
        """What `rabbitmqctl` says to these words. Raises RuntimeError if it can't do it."""
        assert self._env is not None
        process = await asyncio.create_subprocess_exec(
            Path(self._argv[0]).with_name("rabbitmqctl"),
            "--node",
            self._env["RABBITMQ_NODENAME"],
            *words,
            env=self._env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(said.decode(errors="replace"))
        return said.decode()

    async def answers(self) -> bool:
        """Whether it speaks AMQP, which it does when it has recovered everything."""
        return await answer_to(self.port, _AMQP_GREETING, 1) == _METHOD_FRAME


@asynccontextmanager
async def running_rabbitmq(directory: Path, *, pem: Path | None = None) -> AsyncIterator[Broker]:
    """A RabbitMQ that keeps everything in `directory`; `pem` is its key and certificate."""
    script = require("rabbitmq-server")
    epmd = _epmd(directory)
    broker = _broker(script, directory, epmd_port=epmd.port, pem=pem)
    await epmd.start()
    try:
        await broker.start()
        yield broker
    finally:
        await broker.kill()
        await epmd.kill()


class _Epmd(Server):
    """Started by us, because the one that a node starts by itself outlives the node."""

    async def answers(self) -> bool:
        return bool(await answer_to(self.port, _EPMD_NAMES, 4))


def _epmd(directory: Path) -> _Epmd:
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    argv = [str(_epmd_program()), "-port", str(port), "-address", "127.0.0.1"]
    return _Epmd(argv, port=port, log=directory / "epmd.log")


def _epmd_program() -> Path:
    """epmd, which lies beside Erlang's own `erl` where it is not on PATH."""
    erl = Path(shutil.which("erl") or "/usr/bin/erl").resolve()
    candidates = [*erl.parent.glob("epmd"), *erl.parent.parent.glob("erts-*/bin/epmd")]
    found = shutil.which("epmd") or next(iter(candidates), None)
    if found is None:
        raise NotInstalledError("epmd is not installed: apt-get install erlang-base")
    return Path(found)


def _broker(script: Path, directory: Path, *, epmd_port: int, pem: Path | None) -> Broker:
    port, tls_port = free_port(), free_port() if pem is not None else 0
    config = _CONFIG.format(port=port)
    if pem is not None:
        config += _TLS_CONFIG.format(port=tls_port, pem=pem)
    (directory / "rabbitmq.conf").write_text(config)
    (directory / "enabled_plugins").write_text("[].\n")
    env = _environment(directory, epmd_port=epmd_port)
    log = directory / "rabbitmq.log"
    broker = Broker([script], port=port, log=log, env=env, start_within=60)
    broker.tls_port = tls_port
    return broker


def _environment(directory: Path, *, epmd_port: int) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(directory),  # where Erlang keeps its cookie
        # Makes the script become the Erlang VM instead of a shell that waits for one.
        "RUNNING_UNDER_SYSTEMD": "true",
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"vedette-{uuid.uuid4().hex[:12]}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(directory / "advanced.config"),
        "RABBITMQ_CONF_ENV_FILE": str(directory / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(directory / "data"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_GENERATED_CONFIG_DIR": str(directory / "config"),
        "RABBITMQ_SCHEMA_DIR": str(directory / "schema"),
        "RABBITMQ_PID_FILE": str(directory / "rabbitmq.pid"),
    }
