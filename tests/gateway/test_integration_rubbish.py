"""The API asked anything at all: every answer is one that openapi.json names, and none is a 500."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor
from typing import Any
from urllib.parse import quote
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import SecretStr
from tests.gateway.acting import KEY, Api, World, a_monitor, a_webhook
from yarl import URL

from vedette.gateway.openapi import document
from vedette.gateway.settings import GatewaySettings

thorough = examples(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# A one-off check waits for a prober, and a test message for the notifier: neither is there.
_SLOW = frozenset({"/check", "/channels/{id}/test"})

TEXTS = st.text(max_size=20) | st.sampled_from(
    ["", "\0", "\udcff", "null", "-1", "1e400", "9" * 30, "2026-02-30", "9999-12-31T23:59:59.999Z",
     "0001-01-01T00:00:00+14:00", "http://h:99999/", "http://[::1", "********", "a" * 3000]
)  # fmt: skip
RUBBISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, 2**63, -(2**63) - 1, 10**400 // 10**380])
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


def operations() -> Iterator[tuple[str, str]]:
    for path, methods in document()["paths"].items():
        short = path.removeprefix("/api/v1")
        if short not in _SLOW:
            for method in methods:
                yield method.upper(), short


OPERATIONS = [*operations()]


def operation(method: str, path: str) -> Any:
    return document()["paths"][f"/api/v1{path}"][method.lower()]


def drawn(draw: st.DrawFn, schema: Any, depth: int = 0) -> Any:
    """A value after a schema, with rubbish here and there in its place."""
    if depth > 6 or draw(st.integers(0, 29)) == 0:
        return draw(RUBBISH)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return drawn(draw, document()["components"]["schemas"][name], depth + 1)
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return drawn(draw, draw(st.sampled_from(schema[choice])), depth + 1)
    if "const" in schema or "enum" in schema:
        return draw(st.sampled_from(schema.get("enum", [schema.get("const")])))
    match schema.get("type"):
        case "object" if "properties" in schema:
            return _object(draw, schema, depth)
        case "object":
            of = schema.get("additionalProperties", True)
            names = draw(st.lists(TEXTS, max_size=2))
            return {name: drawn(draw, of if isinstance(of, dict) else {}, depth) for name in names}
        case "array":
            count = draw(st.integers(0, 2))
            return [drawn(draw, schema.get("items", {}), depth + 1) for _ in range(count)]
        case "integer" | "number":
            low, high = schema.get("minimum", -3), schema.get("maximum", 10**6)
            return draw(st.integers(ceil(low), floor(high)))
        case "boolean":
            return draw(st.booleans())
        case "string":
            examples = schema.get("examples", ["a", str(UUID(int=1)), "https://shop.example/"])
            return draw(st.sampled_from(examples) if draw(st.integers(0, 4)) else TEXTS)
    return draw(RUBBISH)


def _object(draw: st.DrawFn, schema: Any, depth: int) -> dict[str, Any]:
    needed = set(schema.get("required", []))
    return {
        name: drawn(draw, inner, depth + 1)
        for name, inner in schema["properties"].items()
        if (name in needed and draw(st.integers(0, 19))) or not draw(st.integers(0, 3))
    }


def _body(draw: st.DrawFn, content: Any) -> Any:
    """One after the schema, with or without what makes an example whole."""
    asked = drawn(draw, content["schema"])
    if isinstance(asked, dict) and draw(st.booleans()):
        example = draw(st.sampled_from([one["value"] for one in content["examples"].values()]))
        kept = draw(st.sets(st.sampled_from([*asked, "name"]), max_size=2))
        return {**example, **{name: asked[name] for name in kept if name in asked}}
    return asked


@st.composite
def requests(draw: st.DrawFn, method: str, path: str, ids: list[str]) -> dict[str, Any]:
    described = operation(method, path)
    # What is deleted would be there for no other request.
    there = [] if method == "DELETE" else ids * 3
    id = draw(st.sampled_from([*there, str(UUID(int=0)), "no id", "\udcff"]))
    headers: dict[str, str] = {}
    query: list[str] = []
    for parameter in described["parameters"]:
        name = parameter["name"]
        if parameter["in"] == "header" and draw(st.booleans()):
            headers[name] = draw(st.sampled_from(['"1"', "*", "", "W/x", "k"]))
        elif parameter["in"] == "query" and draw(st.integers(0, 2)) == 0:
            value = drawn(draw, parameter["schema"])
            query.append(f"{name}={quoted(value if isinstance(value, str) else str(value))}")
    body = None
    if "requestBody" in described:
        content = described["requestBody"]["content"]
        headers["Content-Type"] = draw(st.sampled_from([*content] * 5 + ["text/plain"]))
        body = encoded(_body(draw, next(iter(content.values()))))
    where = path.replace("{id}", quoted(id))
    address = f"{where}?{'&'.join(query)}" if query else where
    return {"method": method, "address": address, "headers": headers, "body": body}


def quoted(text: str) -> str:
    return quote(text.encode(errors="surrogateescape"), safe="") or "x"


def encoded(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):
        return repr(value).encode(errors="replace")


@pytest.fixture
def settings() -> GatewaySettings:
    """Without a limit that would hide what is behind it."""
    secret = SecretStr("a secret of the tests")
    return GatewaySettings(api_key=SecretStr(KEY), secret_key=secret, rate_limit=0)


@pytest.fixture
async def ids(api: Api) -> list[str]:
    """One of each that can be changed."""
    window = {"name": "w", "kind": "once", "starts_at": "2030-01-01T00:00:00Z",
              "ends_at": "2030-01-01T01:00:00Z", "everything": True}  # fmt: skip
    made = [
        await api.create("/monitors", a_monitor()),
        await api.create("/monitors", {"name": "job", "kind": "push", "target": {}}),
        await api.create("/channels", a_webhook()),
        await api.create("/maintenance", window),
    ]
    return [one["id"] for one in made]


@thorough
@given(data=st.data())
async def test_reports_and_pages_take_rubbish(api: Api, world: World, data: st.DataObject) -> None:
    token = await world.pool.fetchval("select token from passive_monitor where token is not null")
    # A whole address may have 8190 bytes.
    piece = TEXTS.map(lambda text: quoted(text)[:1000])
    places = [f"/ping/{token}", f"/ping/{token}/{data.draw(piece)}", f"/ping/{data.draw(piece)}",
              f"/api/push/{token}", f"/api/push/{data.draw(piece)}", "/", "/metrics"]  # fmt: skip
    named = st.sampled_from(["status", "msg", "ping", "rid", "x"])
    query = data.draw(st.dictionaries(named, piece, max_size=3))
    place = f"{data.draw(st.sampled_from(places))}?{'&'.join(f'{k}={v}' for k, v in query.items())}"
    method = data.draw(st.sampled_from(["GET", "POST", "HEAD", "PUT"]))
    url = URL(place, encoded=True)
    async with api.client.request(method, url, data=data.draw(st.binary())) as response:
        assert response.status < 500, place


@thorough
@given(data=st.data())
async def test_rubbish_is_answered_as_described(
    api: Api, ids: list[str], data: st.DataObject
) -> None:
    method, path = data.draw(st.sampled_from(OPERATIONS))
    answer = await api.ask_raw(**data.draw(requests(method, path, ids)))
    assert answer.status < 500, answer.body
