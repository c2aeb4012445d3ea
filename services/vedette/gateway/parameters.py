"""The parameters of an endpoint, as openapi.json describes them."""

import re
from typing import Any

from pydantic import BaseModel

from vedette.gateway.endpoint import Endpoint
from vedette.gateway.idempotency import HEADER

JsonObject = dict[str, Any]


def parameters(endpoint: Endpoint) -> list[JsonObject]:
    """Of its path, its query and its headers."""
    found = [
        {"name": name, "in": "path", "required": True, "schema": _string(format="uuid")}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    if endpoint.query is not None:
        found += _query_parameters(endpoint.query)
    if endpoint.conditional:
        found.append(_header("If-Match", "The ETag of the version that is meant."))
    if endpoint.creates:
        text = "Sent again with the same key within a day, it is answered again and not done again."
        found.append(_header(HEADER, text))
    return found


def _query_parameters(model: type[BaseModel]) -> list[JsonObject]:
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    found = []
    for name, described in schema["properties"].items():
        inlined = _inline(described, definitions)
        description = inlined.pop("description", None)
        inlined.pop("title", None)
        parameter = {"name": name, "in": "query", "schema": inlined}
        found.append(parameter | ({"description": description} if description else {}))
    return found


def _inline(schema: JsonObject, definitions: JsonObject) -> JsonObject:
    """A parameter's schema without references or the null that means `not given`."""
    options = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(options) == 1:
        kept = {k: v for k, v in schema.items() if k not in {"anyOf", "default"}}
        schema = {**options[0], **kept}
    if "$ref" in schema:
        found = definitions[schema.pop("$ref").rpartition("/")[2]]
        schema = {**found, **schema}
    return schema


def _header(name: str, description: str) -> JsonObject:
    return {"name": name, "in": "header", "description": description, "schema": _string()}


def _string(**more: str) -> JsonObject:
    return {"type": "string", **more}
