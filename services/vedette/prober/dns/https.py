"""A question over HTTPS (RFC 8484), by way of the HTTP probe."""

import base64
from typing import Any

from vedette.core.kinds.dns import DnsTarget, Server
from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.dns.message import Reply
from vedette.prober.dns.query import Query
from vedette.prober.dns.tcp import reply_of
from vedette.prober.domain import Seen
from vedette.prober.probes.http import HttpProbe
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped

_MEDIA_TYPE = "application/dns-message"
_LARGEST = 65_535
_SHOWN = ("ip", "http_version", "certificate_expires_at", "certificate_issuer",
          "certificate_serial", "certificate_fingerprint", "chain_expires_at")  # fmt: skip
_ASSERTED = ("ip", "certificate")


class HttpsServer:
    """One server, made ready. The id of its queries is 0, as the RFC advises."""

    def __init__(self, target: DnsTarget, server: Server, query: Query) -> None:
        host = f"[{server.host}]" if ":" in server.host else server.host.removesuffix(".")
        self._query = query
        self._peer = f"{host}:{server.port}"
        self._probe = HttpProbe(
            HttpTarget(
                url=f"https://{self._peer}{server.path}",
                method="POST",
                headers={"Content-Type": _MEDIA_TYPE, "Accept": _MEDIA_TYPE},
                body_base64=base64.b64encode(query.wire).decode(),
                follow_redirects=False,
                body_limit_bytes=_LARGEST,
                ip_protocol=target.ip_protocol,
                tls=target.tls,
            )
        )

    async def ask(
        self,
        context: Context,
        course: Course,
        facts: dict[str, Any],
        subjects: dict[str, Any],
        within_s: float,
    ) -> Reply:
        """The answer, noting what the HTTP probe has seen. Raises Stopped."""
        seen = await self._probe.probe(context, within_s)
        for phase, ms in seen.phases.items():
            course.phases[phase] = course.phases.get(phase, 0.0) + ms
        facts |= {name: seen.facts[name] for name in _SHOWN if name in seen.facts}
        subjects |= {name: seen.subjects[name] for name in _ASSERTED if name in seen.subjects}
        return reply_of(self._query, self._message(seen), self._peer)

    def _message(self, seen: Seen) -> bytes:
        """The DNS message in an HTTP answer."""
        if seen.trouble is not None:
            raise Stopped(seen.trouble.reason, seen.trouble.message)
        assert seen.answer is not None
        if seen.answer.status != 200:
            words = f"{self._peer} answered with HTTP status {seen.answer.status}"
            raise Stopped(Reason.STATUS, words)
        stated = seen.answer.headers().get("content-type", "nothing")
        if stated.partition(";")[0].strip().lower() != _MEDIA_TYPE:
            words = f"{self._peer} answered with {stated[:80]}, not {_MEDIA_TYPE}"
            raise Stopped(Reason.PROTOCOL_ERROR, words)
        return bytes(seen.answer.body)
