"""Definitions of the kinds that log in to a database."""

from typing import Any

import pytest
from pydantic import ValidationError

from vedette.core.kinds import parse_monitor
from vedette.core.kinds.mongodb import MongodbTarget
from vedette.core.kinds.mysql import MysqlTarget
from vedette.core.kinds.postgres import PostgresTarget
from vedette.core.kinds.redis import RedisTarget
from vedette.core.redaction import redacted
from vedette.core.tls import TlsOptions
from vedette.prober.probes import offer

TARGETS = [PostgresTarget, MysqlTarget, RedisTarget, MongodbTarget]


@pytest.mark.parametrize(
    ("kind", "target", "field", "rule"),
    [
        ("postgres", {}, "target.user", "Field required"),
        ("postgres", {"user": ""}, "target.user", "at least 1 character"),
        ("postgres", {"user": "a\0b"}, "target.user", "should match pattern"),
        ("postgres", {"user": "a", "query": ""}, "target.query", "at least 1 character"),
        ("postgres", {"user": "a", "command": "x"}, "target.command", "Extra inputs"),
        ("mysql", {"user": "a", "port": 0}, "target.port", "greater than or equal to 1"),
        ("mysql", {"user": "a", "tls": {"ca": "x"}}, "target.tls.ca", "holds no certificate"),
        ("redis", {"database": -1}, "target.database", "greater than or equal to 0"),
        ("redis", {"database": "x"}, "target.database", "valid integer"),
        ("redis", {"command": []}, "target.command", "at least 1 item"),
        ("redis", {"command": ["monitor"]}, "target.command", "has no answer to look at"),
        ("redis", {"command": "GET 'x"}, "target.command", "No closing quotation"),
        ("mongodb", {"user": "a"}, "target", "user and password go together"),
        ("mongodb", {"password": "a"}, "target", "user and password go together"),
        ("mongodb", {"command": {}}, "target.command", "is a JSON object"),
        ("mongodb", {"command": "[1]"}, "target.command", "is a JSON object"),
        ("mongodb", {"command": "{"}, "target.command", "not valid JSON"),
    ],
)
def test_what_is_wrong_is_named(kind: str, target: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(ValidationError) as raised:
        parse_monitor({"name": "a", "kind": kind, "target": {"host": "db.example", **target}})
    [error] = raised.value.errors()
    assert ".".join(map(str, error["loc"])) == field
    assert rule in error["msg"]


@pytest.mark.parametrize(
    ("target", "text", "meant"),
    [
        (
            PostgresTarget,
            "postgres://watcher:s%40fe@db.example:5433/shop",
            {"host": "db.example", "port": 5433, "user": "watcher", "password": "s@fe"}
            | {"database": "shop"},
        ),
        (MysqlTarget, "mysql://root@[2001:db8::1]", {"host": "2001:db8::1", "user": "root"}),
        (RedisTarget, "redis://:word@db.example/3", {"password": "word", "database": 3}),
        (RedisTarget, "rediss://db.example", {"tls": TlsOptions()}),
        (PostgresTarget, "postgres://a@db.example?sslmode=verify-full", {"tls": TlsOptions()}),
        (PostgresTarget, "postgres://a@db.example?sslmode=disable", {"tls": None}),
        (MysqlTarget, "mysql://a@db.example?query=select+1", {"query": "select 1"}),
        (RedisTarget, "db.example:6380", {"host": "db.example", "port": 6380}),
        (MongodbTarget, "mongodb://db.example", {"host": "db.example", "port": 27017}),
    ],
)
def test_a_target_in_short(target: Any, text: str, meant: dict[str, Any]) -> None:
    parsed = target.model_validate(target.in_short(text))
    assert {name: getattr(parsed, name) for name in meant} == meant


def test_a_bad_port_in_a_url_is_named() -> None:
    with pytest.raises(ValidationError, match="port"):
        RedisTarget.model_validate(RedisTarget.in_short("redis://db.example:x/"))


def test_what_a_url_asks_for_in_vain_is_named() -> None:
    with pytest.raises(ValidationError, match="sslmode"):
        PostgresTarget.model_validate(PostgresTarget.in_short("postgres://a@b?sslmode=prefer"))


def test_the_order_of_a_command_is_kept() -> None:
    command = {"find": "jobs", "limit": 1, "a": 1}
    target = MongodbTarget.model_validate({"host": "db.example", "command": command})
    assert target.command == '{"find": "jobs", "limit": 1, "a": 1}'
    again = MongodbTarget.model_validate(target.model_dump())
    assert again == target


def test_a_command_in_one_line() -> None:
    target = RedisTarget.model_validate({"host": "db.example", "command": "GET 'a b'"})
    assert target.command == ["GET", "a b"]


def test_extended_json_that_is_none_is_refused() -> None:
    command = {"find": "jobs", "filter": {"_id": {"$oid": "no"}}}
    target = MongodbTarget.model_validate({"host": "db.example", "command": command})
    with pytest.raises(ValueError, match="not valid extended JSON"):
        offer().makers["mongodb"](target)


@pytest.mark.parametrize("target", TARGETS)
def test_a_password_is_shown_nowhere(target: Any) -> None:
    named = {"host": "db.example", "user": "a", "password": "s3cr3t"}
    definition = target.model_validate(named)
    assert "s3cr3t" not in repr(definition) + definition.summary() + str(redacted(definition))
