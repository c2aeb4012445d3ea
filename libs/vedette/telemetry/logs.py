"""Structured logs: readable on a terminal, one JSON object a line apart. Never a secret."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog
from opentelemetry import trace

from vedette.telemetry.repeats import Repeats

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_SECRET_WORDS = ("password", "secret", "token", "authorization", "api_key", "cookie")
# They tell of each connection that fails, as do we, who know what becomes of it.
_NEEDLESS = ("aiormq", "asyncpg.pool")
_NOISY = ("aio_pika", "aiohttp.access", "alembic", "asyncio")


def setup_logs(*, level: LogLevel = "info", form: LogFormat = "json") -> None:
    """Send every log record of this process, ours and libraries', to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        _redact,
        structlog.processors.format_exc_info if form == "json" else _as_is,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=0,
            # The fancy one prints local variables, and with them secrets.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    structlog.configure(
        processors=[*shared, Repeats(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _NEEDLESS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


Record = MutableMapping[str, Any]


def _redact(_logger: Any, _method: str, record: Record) -> Record:
    for key in record:
        if any(word in key.lower() for word in _SECRET_WORDS):
            record[key] = "********"
    return record


def _add_trace(_logger: Any, _method: str, record: Record) -> Record:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        record["trace_id"] = f"{context.trace_id:032x}"
    return record


def _as_is(_logger: Any, _method: str, record: Record) -> Record:
    return record
