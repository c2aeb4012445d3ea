"""asyncapi.yaml (AsyncAPI 3.0): what travels over RabbitMQ."""

from typing import Any

from vedette.bus.api import Exchange
from vedette.bus.topology import EXPIRED_KEY, PRESENCE_KEY, RESULTS_KEY
from vedette.core.events import EVENTS
from vedette.core.version import __version__

JsonObject = dict[str, Any]
_EVENTS = {name: model for name, model in EVENTS.items() if model.PUBLISHED}
_BINDINGS = "0.3.0"
_HEADERS = {
    "type": "object",
    "properties": {"traceparent": {"type": "string", "description": "W3C trace context."}},
}
_DESCRIPTION = """\
Every event is published once, with its name as the routing key, on the topic exchange
`vedette.events`. Bind a queue of your own to it: `monitor.*`, `incident.#`, or `#` for everything.
An event may arrive twice, with the same `id`.

The exchanges `vedette.jobs` and `vedette.results` are internal: they may change in any version.
"""


def document() -> JsonObject:
    """The whole document."""
    channels = {name: _event_channel(name) for name in _EVENTS} | _internal_channels()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Vedette",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"rabbitmq": {"host": "localhost:5672", "protocol": "amqp"}},
        "channels": channels,
        "operations": {
            f"{action}.{name}": _operation(action, name)
            for name in channels
            for action in (("send",) if name in _EVENTS else ("send", "receive"))
        },
        "components": {"messages": _messages()},
    }


def _event_channel(name: str) -> JsonObject:
    return _channel(name, Exchange.EVENTS, name, _summary(name))


def _internal_channels() -> JsonObject:
    region = {"region": {"description": "The region whose probers take the jobs."}}
    instance = {"instance": {"description": "The process that asked for the check."}}
    return {
        "jobs": _channel("{region}", Exchange.JOBS, "job_batch", "Checks that are due.", region),
        "jobs.urgent": _channel(
            "{region}.urgent",
            Exchange.JOBS,
            "job_batch",
            "Confirmations and one-off checks, which don't wait behind the others.",
            region,
        ),
        "results": _channel(RESULTS_KEY, Exchange.RESULTS, "result_batch", "Checks that ended."),
        "expired": _channel(
            EXPIRED_KEY, Exchange.RESULTS, "job_batch", "Checks that nobody ran in time."
        ),
        "presence": _channel(
            PRESENCE_KEY,
            Exchange.RESULTS,
            "presence",
            "What probers tell of themselves, every few seconds and when they leave.",
        ),
        "replies": _channel(
            "replies.{instance}", Exchange.RESULTS, "result_batch", "One-off checks.", instance
        ),
    }


def _channel(
    address: str,
    exchange: Exchange,
    message: str,
    summary: str,
    parameters: JsonObject | None = None,
) -> JsonObject:
    return {
        "address": address,
        "summary": summary,
        **({"parameters": parameters} if parameters else {}),
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"amqp": _amqp(exchange)},
    }


def _amqp(exchange: Exchange) -> JsonObject:
    described = {"name": exchange.value, "type": "topic", "durable": True, "autoDelete": False}
    return {"is": "routingKey", "exchange": described, "bindingVersion": _BINDINGS}


def _operation(action: str, channel: str) -> JsonObject:
    delivery = {"deliveryMode": 2} if action == "send" else {"ack": True}
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"amqp": {**delivery, "bindingVersion": _BINDINGS}},
    }


def _messages() -> JsonObject:
    events = {name: _message(f"events/{name}.v1.json", _summary(name)) for name in _EVENTS}
    return events | {
        "job_batch": _message("messages/job_batch.json", "Up to 100 jobs of one region."),
        "result_batch": _message("messages/result_batch.json", "Up to 100 results of one region."),
        "presence": _message("messages/presence.json", "A prober, and what it can check."),
    }


def _message(schema: str, summary: str) -> JsonObject:
    return {
        "summary": summary,
        "contentType": "application/json",
        "headers": _HEADERS,
        "payload": {"$ref": f"./{schema}"},
    }


def _summary(name: str) -> str:
    return " ".join((EVENTS[name].__doc__ or "").split())
