"""JSON documents over HTTP, by the way that kind http goes: with its guard, TLS and redirects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from vedette.core.kinds.http import HttpTarget
from vedette.prober.context import Context
from vedette.prober.http.visit import Visit
from vedette.prober.registration.unanswered import SOON_S, Unanswered, failed

_LARGEST = 4 * 1024 * 1024
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Document:
    """An answer: its status, and the JSON object in it, if there is one."""

    status: int
    content: Mapping[str, Any] | None
    headers: Mapping[str, str]
    beginning: str

    def wait_s(self) -> float:
        """For how long it asks not to be asked again."""
        stated = self.headers.get("retry-after", "")
        return float(stated) if stated.isascii() and stated.isdecimal() else SOON_S


async def fetch(context: Context, url: str, *, accept: str, within_s: float) -> Document:
    """Get a document. Raises Unanswered if no complete answer comes."""
    try:
        target = HttpTarget(url=url, headers={"Accept": accept}, body_limit_bytes=_LARGEST)
        visit = Visit(target)
    except ValueError as error:
        raise Unanswered(f"{url!r} can't be asked: {error}") from None
    seen = await visit.make(context, within_s)
    if seen.trouble is not None:
        raise failed(url, seen.trouble)
    answer = seen.answer
    assert answer is not None
    assert answer.status is not None
    return Document(answer.status, _object(answer.body), answer.headers(), answer.text(_SHOWN))


def _object(body: bytes | bytearray) -> Mapping[str, Any] | None:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None
