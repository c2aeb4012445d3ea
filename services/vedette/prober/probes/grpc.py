"""Kind grpc: one call of Health/Check, by way of the HTTP probe."""

import base64
import re
from typing import Any
from urllib.parse import unquote

from vedette.core.kinds.grpc import GrpcTarget
from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Reason
from vedette.core.tls import TlsOptions
from vedette.prober.answer import Answer
from vedette.prober.context import Context
from vedette.prober.domain import Seen, Trouble
from vedette.prober.grpc.messages import CODES, PATH, Malformed, health_in, request_of
from vedette.prober.http.visit import Visit

_MEDIA_TYPE = "application/grpc"
_LARGEST = 4096
_MOST_SHOWN = 200
_SHOWN = ("ip", "http_version", "certificate_expires_at")
_ASSERTED = ("ip", "certificate")
_NUMBER = re.compile(r"[0-9]{1,9}")


class GrpcProbe:
    """A service of a gRPC server made ready."""

    def __init__(self, target: GrpcTarget) -> None:
        self._target = target
        self._visit = Visit(_asking(target))

    @property
    def host(self) -> str:
        """The target's host."""
        return self._visit.host

    async def probe(self, context: Context, timeout_s: float) -> Seen:
        """Ask for the health."""
        seen = await self._visit.make(context, timeout_s)
        facts: dict[str, Any] = {name: seen.facts[name] for name in _SHOWN if name in seen.facts}
        subjects = {name: seen.subjects[name] for name in _ASSERTED if name in seen.subjects}
        trouble = seen.trouble
        if trouble is None and seen.answer is not None:
            trouble = self._judge(seen.answer, facts, subjects)
        answer = None if seen.answer is None else Answer(head=seen.answer.head)
        return seen._replace(facts=facts, subjects=subjects, trouble=trouble, answer=answer)

    def _judge(
        self, answer: Answer, facts: dict[str, Any], subjects: dict[str, Any]
    ) -> Trouble | None:
        """Why the answer is not the right one, noting what it says."""
        peer = self._target.peer
        if answer.status != 200:
            return Trouble(Reason.STATUS, f"{peer} answered with HTTP status {answer.status}")
        stated = answer.headers().get("content-type", "nothing")
        if not stated.lower().startswith(_MEDIA_TYPE):
            words = f"{peer} answered with {stated[:_MOST_SHOWN]}, not {_MEDIA_TYPE}"
            return Trouble(Reason.PROTOCOL_ERROR, words)
        fields = answer.headers() | answer.trailers()
        code = fields.get("grpc-status", "")
        if not _NUMBER.fullmatch(code):
            words = f"the answer of {peer} has no valid grpc-status: {code[:_MOST_SHOWN]!r}"
            return Trouble(Reason.PROTOCOL_ERROR, words)
        if int(code) != 0:
            return self._failed(int(code), fields.get("grpc-message", ""), facts)
        facts["grpc_status"] = CODES[0]
        return self._unhealthy(answer, facts, subjects)

    def _failed(self, code: int, message: str, facts: dict[str, Any]) -> Trouble:
        """An error of gRPC's."""
        name = CODES[code] if code < len(CODES) else f"code {code}"
        facts["grpc_status"] = name
        said = unquote(message[: 3 * _MOST_SHOWN])[:_MOST_SHOWN]
        words = f"{self._target.peer} answered with {name}"
        match name:
            case "NOT_FOUND":
                words += f": it knows no service {self._target.service!r}"
            case "UNIMPLEMENTED":
                words += ": it does not offer grpc.health.v1"
        return Trouble(Reason.STATUS, words + (f" ({said!r})" if said else ""))

    def _unhealthy(
        self, answer: Answer, facts: dict[str, Any], subjects: dict[str, Any]
    ) -> Trouble | None:
        try:
            health = health_in(bytes(answer.body))
        except Malformed as error:
            words = f"the answer of {self._target.peer} is broken: {error}"
            return Trouble(Reason.PROTOCOL_ERROR, words)
        facts["health"] = subjects["answer"] = health
        wanted = self._target.expect_status
        if health == wanted:
            return None
        return Trouble(Reason.STATUS, f"its health is {health}, not {wanted}")


def _asking(target: GrpcTarget) -> HttpTarget:
    """The call, as a request in HTTP/2."""
    secure = target.tls is not None
    headers = {"Content-Type": _MEDIA_TYPE, "TE": "trailers", **target.metadata}
    if target.authority is not None:
        headers["Host"] = target.authority
    host = f"[{target.host}]" if ":" in target.host else target.host
    return HttpTarget(
        url=f"{'https' if secure else 'http'}://{host}:{target.port}{PATH}",
        method="POST",
        headers=headers,
        body_base64=base64.b64encode(request_of(target.service)).decode(),
        http_version="2" if secure else "2-prior-knowledge",
        follow_redirects=False,
        compression="off",
        body_limit_bytes=_LARGEST,
        tls=target.tls or TlsOptions(),
        ip_protocol=target.ip_protocol,
        resolver=target.resolver,
    )


PROBE = GrpcProbe
