"""What Sentry's and Uptime Kuma's conditions say can be said."""

from typing import Any

import pytest
from tests.core.conditions import holds, kuma, kuma_operator, seen, sentry

from vedette.core.assertions import Facts

PRICES = {"body": '{"p": {"string": "123", "int": 123, "float": 123.0}}'}


@pytest.mark.parametrize("path", ["$.p.string", "$.p.int", "$.p.float"])
@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("eq", "123", True),
        ("eq", "124", False),
        ("ne", "124", True),
        ("ne", "123", False),
        ("gt", "023", True),
        ("gt", "123", False),
        ("lt", "124", True),
        ("always", "", True),
        ("never", "", False),
    ],
)
def test_json_of_any_type(path: str, op: str, value: str, expected: bool) -> None:
    tree = sentry({"json": path, "op": op, "value": value})
    assert holds(tree, seen(PRICES)) is expected


@pytest.mark.parametrize(("status", "expected"), [(200, True), (202, True), (203, False)])
def test_nested_statuses(status: int, expected: bool) -> None:
    tree = {
        "or": [
            {"and": [{"status": 0, "op": "gt"}, {"status": 100, "op": "lt"}]},
            {"not": {"and": [{"status": 200, "op": "ne"}]}},
            {"or": [{"status": 201, "op": "eq"}, {"status": 202, "op": "eq"}]},
        ]
    }
    assert holds(sentry(tree), seen({"status": status})) is expected


@pytest.mark.parametrize(
    ("operator", "left", "right", "expected"),
    [
        ("equals", "1", 1, False),
        ("not_equals", 1, "1", True),
        ("contains", ["example.org"], "example.org", True),
        ("not_contains", ["example.org"], "example.com", True),
        ("not_starts_with", "mx1.example", "mx2", True),
        ("ends_with", "mx1.example", ".example", True),
        ("not_ends_with", "mx1.example", ".example", False),
        ("num_equals", 1, "1", True),
        ("num_not_equals", 1, "2", True),
        ("lte", 1, "1", True),
        ("gte", 2, "3", False),
    ],
)
def test_operators(operator: str, left: Any, right: Any, expected: bool) -> None:
    assert (
        holds(kuma_operator({"subject": "json"}, operator, right), Facts({"json": left}))
        is expected
    )


@pytest.mark.parametrize(
    ("record", "expected"), [("mx1.example.org", True), ("mx1.", False), ("example.com", False)]
)
def test_groups(record: str, expected: bool) -> None:
    either = [
        {"op": "contains", "value": "example.com"},
        {"op": "contains", "value": "example.org", "join": "or"},
    ]
    tree = kuma([{"op": "contains", "value": "mx1."}, {"group": either, "join": "and"}])
    assert holds(tree, Facts({"answer": [record]})) is expected
