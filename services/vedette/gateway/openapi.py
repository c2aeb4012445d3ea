"""openapi.json (OpenAPI 3.1), made from the table that also makes the routes."""

from collections.abc import Sequence
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from vedette.core.version import __version__
from vedette.gateway.api.table import ENDPOINTS
from vedette.gateway.endpoint import Answer, Body, Endpoint
from vedette.gateway.parameters import parameters
from vedette.gateway.problems import CONTENT_TYPE, ProblemDocument

JsonObject = dict[str, Any]
Mode = tuple[type[BaseModel], JsonSchemaMode]

_PROBLEMS = {
    400: "A query parameter, or the JSON, is wrong.",
    401: "The API key is missing or wrong.",
    404: "There is no such thing.",
    409: "It conflicts with what there is, or with a request under way.",
    412: "It has changed since; see If-Match.",
    413: "The body is larger than 1 MiB.",
    415: "The body's Content-Type is not one of those taken.",
    422: "The body is wrong; `errors` names every wrong field.",
    429: "Too many requests; see Retry-After.",
    503: "Vedette's own database, bus or cache is out of reach; see Retry-After.",
    504: "No prober answered.",
}
_DESCRIPTION = (
    "Vedette watches websites, APIs, hosts and jobs, and tells people when they break."
    " Errors are problem documents (RFC 9457); lists are read page by page with `cursor`."
)


@cache
def document() -> JsonObject:
    """The whole document."""
    names, schemas = _schemas()
    paths: dict[str, JsonObject] = {}
    for endpoint in ENDPOINTS:
        operation = _Operation(endpoint, names).describe()
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vedette",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(e.tag for e in ENDPOINTS)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {str(status): _problem(text) for status, text in _PROBLEMS.items()},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key."}
            },
        },
    }


class _Operation:
    """One endpoint's part of the document."""

    def __init__(self, endpoint: Endpoint, names: dict[Mode, str]) -> None:
        self._endpoint = endpoint
        self._names = names

    def describe(self) -> JsonObject:
        endpoint = self._endpoint
        described: JsonObject = {
            "operationId": f"{endpoint.tag}_{endpoint.handle.__name__}",
            "summary": endpoint.summary,
            "tags": [endpoint.tag],
            "parameters": parameters(endpoint),
            "responses": {
                str(status): self._answer(answer) for status, answer in endpoint.answers.items()
            }
            | {
                str(status): {"$ref": f"#/components/responses/{status}"}
                for status in _problems_of(endpoint)
            },
        }
        if endpoint.body is not None:
            described["requestBody"] = self._body(endpoint.body)
        return described

    def _body(self, body: Body) -> JsonObject:
        schema: JsonObject = {"type": "object"}
        if body.models:
            schema = self._choice(body.models, "validation", suffix="Once" if body.optional else "")
        examples = {name: {"value": value} for name, value in body.examples.items()}
        content = {"schema": schema, "examples": examples}
        return {"required": True, "content": dict.fromkeys(body.types, content)}

    def _answer(self, answer: Answer) -> JsonObject:
        described: JsonObject = {"description": answer.description}
        if answer.headers:
            described["headers"] = {
                name: {"description": text, "schema": {"type": "string"}}
                for name, text in answer.headers.items()
            }
        if answer.text is not None:
            described["content"] = {answer.text: {"schema": {"type": "string"}}}
        elif answer.models:
            schema = self._choice(answer.models, "serialization")
            shown = _page_of(schema) if answer.listed else schema
            described["content"] = {"application/json": {"schema": shown}}
        return described

    def _choice(
        self, models: Sequence[type[BaseModel]], mode: JsonSchemaMode, *, suffix: str = ""
    ) -> JsonObject:
        """One of some models, told apart by `kind`."""
        refs = [f"#/components/schemas/{self._names[model, mode]}{suffix}" for model in models]
        if len(refs) == 1:
            return {"$ref": refs[0]}
        mapping = dict(zip(map(_kind_of, models), refs, strict=True))
        return {
            "oneOf": [{"$ref": ref} for ref in refs],
            "discriminator": {"propertyName": "kind", "mapping": mapping},
        }


def _schemas() -> tuple[dict[Mode, str], dict[str, JsonObject]]:
    """Every model there is in the table: its name by model and mode, its schema by name."""
    wanted: dict[Mode, None] = {(ProblemDocument, "serialization"): None}
    for endpoint in ENDPOINTS:
        if endpoint.body is not None:
            wanted |= dict.fromkeys((model, "validation") for model in endpoint.body.models)
        for answer in endpoint.answers.values():
            wanted |= dict.fromkeys((model, "serialization") for model in answer.models)
    refs, generated = models_json_schema(list(wanted), ref_template="#/components/schemas/{model}")
    names = {mode: refs[mode]["$ref"].rpartition("/")[2] for mode in wanted}
    schemas: dict[str, JsonObject] = generated["$defs"]
    for body in (endpoint.body for endpoint in ENDPOINTS if endpoint.body):
        for model in body.models:
            name = names[model, "validation"]
            required = set(schemas[name].get("required", []))
            if "kind" in model.model_fields:
                # It may have a default, but nobody would know the model without it.
                required.add("kind")
            schemas[name]["required"] = sorted(required)
            if body.optional:
                remaining = sorted(required - set(body.optional))
                schemas[f"{name}Once"] = {**schemas[name], "required": remaining}
    return names, schemas


def _kind_of(model: type[BaseModel]) -> str:
    (kind,) = get_args(model.model_fields["kind"].annotation)
    return str(kind)


def _problems_of(endpoint: Endpoint) -> list[int]:
    found = {401, 429, 503, *endpoint.problems}
    if "{" in endpoint.path:
        found.add(404)
    if endpoint.query is not None:
        found.add(400)
    if endpoint.conditional:
        found.add(412)
    if endpoint.body is not None:
        found |= {400, 413, 415, 422}
    if endpoint.creates:
        found.add(409)
    return sorted(found)


def _problem(description: str) -> JsonObject:
    schema = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
    return {"description": description, "content": {CONTENT_TYPE: {"schema": schema}}}


def _page_of(item: JsonObject) -> JsonObject:
    following = {"type": ["string", "null"], "description": "The cursor of the next page."}
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": {"type": "array", "items": item}, "next": following},
    }
