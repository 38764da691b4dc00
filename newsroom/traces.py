"""Traces of requests, for OpenTelemetry. Loaded only with OTEL_EXPORTER_OTLP_ENDPOINT.

A trace has how long a request, its queries and its commands to Redis took, and the id of the
request. Attributes that may hold personal data or secrets, such as addresses and messages, stay here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind, Status

from newsroom.logs import REQUEST_ID

_ID: Final = "request.id"
_KEPT: Final = frozenset(
    {
        _ID,
        "db.system",
        "db.system.name",
        # Without parameters.
        "db.query.text",
        "db.statement",
        "http.method",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "http.status_code",
    }
)


class _Exporter(SpanExporter):
    """Sends the spans of requests, without what may be secret."""

    def __init__(self, inner: SpanExporter) -> None:
        self.inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        # Queries outside a request have no parent and tell little.
        return self.inner.export(
            [cleaned(span) for span in spans if span.parent or span.kind is SpanKind.SERVER]
        )

    def shutdown(self) -> None:
        self.inner.shutdown()


def start() -> None:
    os.environ.setdefault("OTEL_SERVICE_NAME", "newsroom")
    provider = TracerProvider(resource=Resource.create())
    endpoint = f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(_Exporter(OTLPSpanExporter(endpoint=endpoint))))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(response_hook=_name_request)
    PsycopgInstrumentor().instrument()
    RedisInstrumentor().instrument()


def _name_request(span: Span, request: HttpRequest, response: HttpResponse) -> None:
    span.set_attribute(_ID, response.get(REQUEST_ID, ""))


def cleaned(span: ReadableSpan) -> ReadableSpan:
    """Return what may leave this machine of a span."""
    attributes: dict[str, Any] = dict(span.attributes or {})
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes={name: value for name, value in attributes.items() if name in _KEPT},
        kind=span.kind,
        # Its description and the events are the messages of exceptions.
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
