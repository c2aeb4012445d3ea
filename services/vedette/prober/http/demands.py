"""What a target asks of its last answer besides assertions."""

from dataclasses import dataclass

from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble
from vedette.prober.http.seeing import Exchange


@dataclass(frozen=True, slots=True)
class Demands:
    """Demands on an answer that is complete."""

    versions: frozenset[str]
    """None means any."""
    tls: bool | None
    encoding: str | None
    limit: int | None

    def unmet(self, last: Exchange, *, secure: bool) -> Trouble | None:
        """The first demand that isn't met."""
        version = last.facts.get("http_version")
        if self.versions and version not in self.versions:
            wanted = " or ".join(sorted(self.versions))
            return _invalid(f"it answered in HTTP/{version}, not {wanted}")
        if self.tls is True and not secure:
            return _invalid("it answered without TLS, which is required")
        if self.tls is False and secure:
            return _invalid("it answered over TLS, which must not be")
        if self.limit is not None and last.larger:
            return Trouble(Reason.BODY, f"the body is larger than {self.limit} bytes")
        return self._encoding(last)

    def _encoding(self, last: Exchange) -> Trouble | None:
        if self.encoding is None or last.answer is None or not last.answer.body:
            return None
        stated = last.answer.headers().get("content-encoding", "identity").lower()
        if stated.removeprefix("x-") == self.encoding:
            return None
        return _invalid(f"the body is encoded as {stated}, not {self.encoding}")


def demands_of(target: HttpTarget) -> Demands | None:
    """A target's demands; None if it makes none."""
    versions: list[str] = [*target.http_versions]
    if not versions and target.http_version[0] in "23":  # it is insisted on
        versions = [target.http_version[0]]
    demands = Demands(
        versions=frozenset(versions),
        tls=target.require_tls,
        encoding=None if target.compression in {"any", "off"} else target.compression,
        limit=target.body_limit_bytes if target.fail_if_larger else None,
    )
    return None if demands == _NONE else demands


def _invalid(message: str) -> Trouble:
    return Trouble(Reason.PROTOCOL_ERROR, message)


_NONE = Demands(versions=frozenset(), tls=None, encoding=None, limit=None)
