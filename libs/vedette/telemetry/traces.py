"""Traces: one span a batch, carried between processes as a W3C `traceparent`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from vedette.core.version import __version__

_W3C = TraceContextTextMapPropagator()
_EXPORTER_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_tracer = trace.get_tracer("vedette", __version__)


def setup_traces(service: str) -> TracerProvider:
    """Start tracing; spans are exported by OTLP over HTTP when the OTEL variables say where.

    Ids are made either way, so that a trace can be followed through logs and events. Call
    `shutdown` on what is returned to send the last spans.
    """
    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.version": __version__})
    )
    if any(os.environ.get(name) for name in _EXPORTER_VARIABLES):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


@contextmanager
def span(
    name: str,
    *,
    parent: str | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: dict[str, str | int | float | bool] | None = None,
) -> Iterator[Span]:
    """A span around a batch of work, below `parent` (a traceparent) if one is given."""
    context = _W3C.extract({"traceparent": parent}) if parent else None
    with _tracer.start_as_current_span(
        name, context=context, kind=kind, attributes=attributes, record_exception=False
    ) as started:
        try:
            yield started
        except Exception as error:
            started.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
            raise


def traceparent() -> str | None:
    """The current span as a traceparent, to be carried on."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")
