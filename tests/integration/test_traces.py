"""Spans leave by OTLP when the standard variables say where to."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from vedette.telemetry.traces import setup_traces, span, traceparent
from vedette.testing.web import serving


async def test_spans_are_exported_with_their_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    exported: list[ExportTraceServiceRequest] = []

    async def collect(request: web.Request) -> web.Response:
        exported.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", collect)
    async with serving(app) as base:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", base)
        provider = setup_traces("vedette-test")
        tracer = provider.get_tracer("test")
        with tracer.start_as_current_span("slot"):
            parent = traceparent()
        with span("delivery", parent=parent):
            following = traceparent()
        # Spans made through the global provider go wherever the first one of this process says.
        with tracer.start_as_current_span("last"):
            pass
        await asyncio.to_thread(provider.shutdown)
    names = [
        one.name
        for request in exported
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for one in scope.spans
    ]
    assert {"slot", "last"} <= set(names)
    assert parent is not None
    assert following is not None
    assert following.split("-")[1] == parent.split("-")[1]
