"""Holding answers against openapi.json."""

from __future__ import annotations

import re
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from vedette.gateway.openapi import document


def check_described(method: str, path: str, status: int, content_type: str, body: Any) -> None:
    """Fail unless the document says that this may be answered."""
    operation = _operation(method, path.partition("?")[0])
    assert str(status) in operation["responses"], f"{method} {path}: {status} is not documented"
    response = _followed(operation["responses"][str(status)])
    if "content" not in response:
        assert not body
        return
    assert content_type in response["content"], f"{content_type} is not documented"
    schema = response["content"][content_type]["schema"]
    _validator(str(schema), {**schema, "components": document()["components"]}).validate(body)


def _operation(method: str, path: str) -> Any:
    for template, operations in document()["paths"].items():
        pattern = re.sub(r"{\w+}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in operations:
            return operations[method.lower()]
    raise AssertionError(f"{method} {path} is not documented")


def _followed(response: Any) -> Any:
    if "$ref" in response:
        return document()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return response


_VALIDATORS: dict[str, Draft202012Validator] = {}


def _validator(key: str, schema: Any) -> Draft202012Validator:
    if key not in _VALIDATORS:
        _VALIDATORS[key] = Draft202012Validator(schema, format_checker=FormatChecker())
    return _VALIDATORS[key]
