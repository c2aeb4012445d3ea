"""JSON Schemas (2020-12) of what travels, and of what people write."""

from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from vedette.core.channel import ChannelSpec
from vedette.core.events import SOURCE, Event, EventData, event_type
from vedette.core.job import JobBatch
from vedette.core.kinds import kinds
from vedette.core.presence import Presence
from vedette.core.result import ResultBatch

JsonObject = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Untitled(GenerateJsonSchema):
    """Without a title for every field, which would only repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def event(data: type[EventData]) -> JsonObject:
    """The whole envelope of one type of event, as on `vedette.events` and in webhooks."""
    schema = _schema(Event, "serialization")
    payload = _schema(data, "serialization")
    definitions = payload.pop("$defs", {}) | {data.__name__: payload}
    for described in (schema, *definitions.values()):
        _require_what_is_sent(described)
    schema["properties"] |= {
        "type": {"const": event_type(data.NAME), "type": "string"},
        "source": {"const": SOURCE, "type": "string"},
        "time": {"format": "date-time", "type": "string"},
        "data": {"$ref": f"#/$defs/{data.__name__}"},
    }
    return _document(schema, data.NAME, data.__doc__) | {"$defs": definitions}


def job_batch() -> JsonObject:
    """The message of `vedette.jobs`."""
    return _document(_schema(JobBatch, "serialization"), "job batch")


def result_batch() -> JsonObject:
    """The message of `vedette.results`."""
    return _document(_schema(ResultBatch, "serialization"), "result batch")


def presence() -> JsonObject:
    """What a prober tells of itself."""
    return _document(_schema(Presence, "serialization"), "presence")


def monitor() -> JsonObject:
    """A monitor's definition as a person writes it, of any kind."""
    models = dict(sorted(kinds().items()))
    refs, schema = models_json_schema(
        [(model, "validation") for model in models.values()], schema_generator=_Untitled
    )
    for model in models.values():
        # A model knows its own kind; who writes a definition has to name it.
        definition = schema["$defs"][model.__name__]
        definition["required"] = ["kind", *definition["required"]]
    choice = {name: refs[model, "validation"]["$ref"] for name, model in models.items()}
    schema["oneOf"] = [{"$ref": ref} for ref in choice.values()]
    schema["discriminator"] = {"propertyName": "kind", "mapping": choice}
    return _document(schema, "monitor")


def channel() -> JsonObject:
    """A channel's definition as a person writes it, of any kind."""
    return _document(_schema(ChannelSpec, "validation"), "channel")


def _schema(of: Any, mode: Literal["serialization", "validation"]) -> JsonObject:
    return TypeAdapter(of).json_schema(mode=mode, schema_generator=_Untitled)


def _document(schema: JsonObject, title: str, description: str | None = None) -> JsonObject:
    described = {"description": description} if description else {}
    return {**schema, "$schema": _DIALECT, "title": title, **described}


def _require_what_is_sent(schema: JsonObject) -> None:
    """An event states its defaults too; only what would be null may be left out."""
    if "properties" in schema:
        fields = schema["properties"].items()
        schema["required"] = [name for name, field in fields if not _may_be_null(field)]


def _may_be_null(field: JsonObject) -> bool:
    return {"type": "null"} in field.get("anyOf", [])
