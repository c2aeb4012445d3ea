"""Checks of a kind by its name, and certificates for the servers that are checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import trustme

from vedette.core.kinds import kinds
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.probes import offer


def target_of(kind: str, **target: Any) -> Any:
    """A validated target of a kind."""
    model: Any = kinds()[kind].model_fields["target"].annotation
    return model.model_validate(target)


async def look_by(
    context: Context, kind: str, port: int, *, timeout_s: float = 10, **target: Any
) -> Seen:
    """Check a port of this machine by a kind, as a job tells a prober to."""
    written = target_of(kind, **{"host": "127.0.0.1", "port": port, **target})
    definition = target_of(kind, **written.model_dump(mode="json"))
    return await offer().makers[kind](definition).probe(context, timeout_s)


def why(seen: Seen) -> tuple[Reason, str]:
    """What was wrong."""
    assert seen.trouble is not None
    return seen.trouble.reason, seen.trouble.message


def write_identity(authority: trustme.CA, pem: Path, *hosts: str) -> Path:
    """Write a server's key and certificate to `pem`."""
    authority.issue_cert(*hosts).private_key_and_cert_chain_pem.write_to_path(str(pem))
    return pem
