"""openapi.json, without a server."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from vedette.core.kinds import parse_monitor
from vedette.gateway import channelspecs
from vedette.gateway.api import channels, monitors
from vedette.gateway.openapi import document

METHODS = {"get", "put", "post", "patch", "delete"}


def _operations() -> Iterator[tuple[str, Any]]:
    for path, operations in document()["paths"].items():
        assert set(operations) <= METHODS
        for operation in operations.values():
            yield path, operation


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "$ref":
                yield item
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def test_every_reference_leads_somewhere() -> None:
    for reference in set(_references(document())):
        target = document()
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_every_schema_is_one() -> None:
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_operations_are_told_apart_and_describe_their_path() -> None:
    names = [operation["operationId"] for _, operation in _operations()]
    assert len(names) == len(set(names))
    for path, operation in _operations():
        in_path = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
        assert in_path == (["id"] if "{id}" in path else [])
        assert operation["responses"]
        assert operation["summary"]
        for response in operation["responses"].values():
            assert "$ref" in response or response["description"]


def test_the_examples_hold() -> None:
    parse_monitor(monitors.EXAMPLE)
    channelspecs.parse(channels.EXAMPLE)
    components = {"components": document()["components"]}
    checked = 0
    for _, operation in _operations():
        for content in operation.get("requestBody", {"content": {}})["content"].values():
            validator = Draft202012Validator({**content["schema"], **components})
            for example in content["examples"].values():
                validator.validate(example["value"])
                checked += 1
    assert checked >= 5


def test_a_definition_without_its_kind_is_not_described() -> None:
    schema = document()["components"]["schemas"]["HttpMonitor"]
    assert {"name", "kind", "target"} == set(schema["required"])
