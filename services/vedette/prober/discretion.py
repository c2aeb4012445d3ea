"""Keeping the secrets of a definition out of what is said of its target.

A target may send back what it was sent, and an error may quote it: whatever comes out of a check
is searched for the secrets that went into it, also as they look encoded, escaped or cut off.
"""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

from vedette.core.channel import REDACTED
from vedette.core.monitor import Target
from vedette.core.result import Evidence, Result
from vedette.core.secrecy import Secrecy, visited, visited_json
from vedette.core.urls import login_of, secrets_in

# Shorter ones stand in many texts by chance.
_SHORTEST = 4
_SHORTEST_PIECE = 8
# So much of a secret's beginning is taken for it: it may have been cut off.
_TELLING = 8
_BETWEEN_PIECES = re.compile(r'[\s;,="]+')
# `PASS hunter2`, `AUTH PLAIN …`, `Authorization: Bearer …`
_COMMAND = re.compile(r"\b([A-Za-z][\w-]*):? +([^\r\n]+)")
_LOGINS = (("username", "password"), ("client_id", "client_secret"))


class Discretion:
    """What must not be said. One without secrets costs nothing."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        self._forms = sorted((f for f in forms if len(f) >= _SHORTEST), key=len, reverse=True)

    def text(self, text: str) -> str:
        """A text without the secrets."""
        for form in self._forms:
            text = _masked(text, form)
        return text

    def result(self, result: Result) -> Result:
        """A result without the secrets."""
        if not self._forms:
            return result
        facts = {
            name: self.text(value) if isinstance(value, str) else value
            for name, value in result.facts.items()
        }
        hops = [hop.model_copy(update={"url": self.text(hop.url)}) for hop in result.hops]
        changes: dict[str, Any] = {"facts": facts, "hops": hops}
        if result.message is not None:
            changes["message"] = self.text(result.message)
        if result.evidence is not None:
            changes["evidence"] = self._evidence(result.evidence)
        return result.model_copy(update=changes)

    def _evidence(self, evidence: Evidence) -> Evidence:
        headers = {name: self.text(value) for name, value in evidence.headers.items()}
        body = None if evidence.body is None else self.text(evidence.body)
        return evidence.model_copy(update={"headers": headers, "body": body})


def discretion_of(target: Target) -> Discretion:
    """For the secrets of a target."""
    found: list[str] = []
    written = visited(target, lambda value, why: _note(value, why, found))
    # The values themselves, not what stands in their place: nothing was replaced.
    found += _logins(written)
    return Discretion(found)


def discretion_of_json(written: Any) -> Discretion:
    """For the secrets of a target that is not valid, as far as names and URLs tell them."""
    found: list[str] = []
    visited_json(written, lambda value, why: _note(value, why, found))
    return Discretion(found)


def _note(value: Any, why: Secrecy, found: list[str]) -> Any:
    match why:
        case Secrecy.SECRET:
            for text in _texts(value):
                found.append(text)
                found.extend(
                    piece for piece in _BETWEEN_PIECES.split(text) if len(piece) >= _SHORTEST_PIECE
                )
        case Secrecy.URL:
            found.extend(secrets_in(value))
            login = login_of(value)
            if login is not None:
                found.append(_base64(*login))
        case Secrecy.SENT:
            visited_json(_read(value), lambda inner, its: _note(inner, its, found))
    return value


def _read(sent: Any) -> Any:
    """What is sent, as the JSON value or the form that it may be, or else as lines of commands."""
    if not isinstance(sent, str):
        return sent
    try:
        return json.loads(sent)
    except ValueError:
        fields = [{name: value} for name, value in parse_qsl(sent)]
        return [*fields, *({name: text} for name, text in _COMMAND.findall(sent))]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _logins(written: Any) -> Iterator[str]:
    """Names and passwords as an Authorization header has them."""
    if isinstance(written, list):
        for item in written:
            yield from _logins(item)
    elif isinstance(written, dict):
        for name, password in _LOGINS:
            user, secret = written.get(name), written.get(password)
            if isinstance(user, str) and isinstance(secret, str) and secret:
                yield _base64(user, secret)
                yield _base64(quote_plus(user), quote_plus(secret))
        for member in written.values():
            yield from _logins(member)


def _base64(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _forms(secret: str) -> set[str]:
    """How a secret may come back."""
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
    }


def _masked(text: str, form: str) -> str:
    head = form[:_TELLING]
    at = text.find(head)
    while at >= 0:
        end = at + len(head)
        while end - at < len(form) and text[end : end + 1] == form[end - at]:
            end += 1
        text = text[:at] + REDACTED + text[end:]
        at = text.find(head, at + len(REDACTED))
    return text
