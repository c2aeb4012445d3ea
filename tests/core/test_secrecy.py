"""Where secrets are, how they are hidden, and how placeholders become secrets again."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from vedette.core.kinds import kinds, parse_monitor
from vedette.core.naming import names_secret
from vedette.core.redaction import hidden_url, placeholders, redacted, restored
from vedette.core.urls import bare, carries, secrets_in

X = "********"


def spec(**target: Any) -> Any:
    whole = {"url": "https://shop.example/", **target}
    return parse_monitor({"name": "Shop", "kind": "http", "target": whole})


def written(**target: Any) -> Any:
    return spec(**target).model_dump(mode="json", by_alias=True)


@pytest.mark.parametrize(
    "name",
    ["Authorization", "X-Api-Key", "apiKey", "api_key", "sessionId", "client_secret", "PASSWORD",
     "X-Auth", "access_token", "X-Amz-Signature", "sig", "Set-Cookie", "sealed"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize("name", ["Accept", "author", "keyword", "page", "Keys", "design"])
def test_names_of_other_things(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize(
    ("url", "shown", "outside"),
    [
        ("https://shop.example/a", "https://shop.example/a", "https://shop.example/a"),
        ("https://ann:p:w@d@shop.example/", f"https://ann:{X}@shop.example/",
         "https://shop.example/"),
        ("https://t0ken@shop.example", f"https://{X}@shop.example", "https://shop.example"),
        ("https://sk_live:@shop.example", f"https://{X}:@shop.example", "https://shop.example"),
        ("https://shop.example/?page=2&token=a%20b;sig=c#top",
         f"https://shop.example/?page=2&token={X};sig={X}#top", "https://shop.example/"),
        ("mongodb://ann:pw@a,b/shop?authSource=x", f"mongodb://ann:{X}@a,b/shop?authSource=x",
         "mongodb://a,b/shop"),
        ("no URL?token=a", "no URL?token=a", "no URL?token=a"),
    ],
)  # fmt: skip
def test_a_url_without_its_secrets(url: str, shown: str, outside: str) -> None:
    assert hidden_url(url) == shown
    assert bare(url) == outside
    assert carries(url) is (url.startswith(("https", "mongodb")) and url != outside)


def test_secrets_of_a_url_are_known_as_written_and_as_meant() -> None:
    assert set(secrets_in("https://u:a%40b@h/?key=c+d")) == {"a%40b", "a@b", "c+d", "c d"}


def test_every_secret_of_a_target_is_hidden() -> None:
    target = spec(
        url="https://ann:hunter2@shop.example/?token=hunter2&page=2",
        method="POST",
        headers={"X-Api-Key": "hunter2", "Referer": "https://bob:hunter2@b.example/"},
        json={"user": "ann", "deep": [{"password": "hunter2"}], "max_tokens": 5},
        auth={"scheme": "oauth2", "token_url": "https://c:hunter2@id.example/",
              "client_id": "ann", "client_secret": "hunter2"},
        proxy={"url": "http://proxy.example:3128", "username": "ann", "password": "hunter2"},
    )  # fmt: skip
    shown = redacted(target)
    assert "hunter2" not in str(shown)
    assert shown["target"]["url"] == f"https://ann:{X}@shop.example/?token={X}&page=2"
    assert shown["target"]["json"] == {"user": "ann", "deep": [{"password": X}], "max_tokens": 5}
    assert "hunter2" not in target.target.summary()


def models(annotation: Any) -> set[type[BaseModel]]:
    """The models in an annotation, and those within them."""
    found = set().union(*map(models, get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.values()
        found |= {annotation}.union(*(models(field.annotation) for field in fields))
    return found


@pytest.mark.parametrize("kind", kinds())
def test_every_field_that_is_called_a_secret_is_kept_as_one(kind: str) -> None:
    for model in models(kinds()[kind].model_fields["target"].annotation):
        for name, field in model.model_fields.items():
            words = name.split("_")
            if words[-1] in {"password", "secret", "token", "key", "passphrase"}:
                assert field.repr is False, f"{model.__name__}.{name}"


def test_a_default_is_no_secret() -> None:
    target = {"host": "broker.example", "port": 5672}
    default = parse_monitor({"name": "Broker", "kind": "rabbitmq", "target": target})
    own = {"name": "Broker", "kind": "rabbitmq", "target": {**target, "password": "hunter2"}}
    assert redacted(default)["target"]["password"] == "guest"
    assert redacted(parse_monitor(own))["target"]["password"] == X


def test_what_was_read_and_put_back_is_what_was_stored() -> None:
    kept = written(
        url="https://ann:hunter2@shop.example/?token=a&token=b",
        headers={"Cookie": "session=hunter2"},
        form={"password": ["one", "two"], "user": "ann"},
    )
    assert restored(redacted(parse_monitor(kept)), kept) == kept


def test_a_placeholder_in_a_url_stays_the_secret_when_the_rest_is_edited() -> None:
    kept = "https://ann:hunter2@shop.example/?token=a"
    edited = f"https://bob:{X}@shop.example/other?page=2&token={X}"
    assert restored(edited, kept) == "https://bob:hunter2@shop.example/other?page=2&token=a"


def test_items_of_a_list_keep_their_secrets_when_they_move() -> None:
    kept = [{"name": "a", "password": "1"}, {"name": "b", "password": "2"}]
    edited = [{"name": "b", "password": X}, {"name": "c", "password": "3"}]
    assert restored(edited, kept) == [{"name": "b", "password": "2"},
                                      {"name": "c", "password": "3"}]  # fmt: skip


def test_placeholders_that_stand_for_nothing_are_named() -> None:
    edited = {"target": {"url": f"https://ann:{X}@h/", "headers": [{"a": X}], "path": f"/{X}/"}}
    assert list(placeholders(restored(edited, None))) == ["target.url", "target.headers[0].a"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_any_body_reads_and_is_put_back_unchanged(body: Any) -> None:
    kept = written(json=body)
    assert restored(redacted(parse_monitor(kept)), kept) == kept


@given(st.text(max_size=60))
def test_any_text_within_a_url_is_put_back_unchanged(text: str) -> None:
    url = f"https://{text}"
    assert restored(hidden_url(url), url) == url
