"""Jobs as the prober handles them: `vedette.core.job` without the cost of validating each.

A definition is validated once a revision, when it is first seen (see `plans`).
"""

from typing import Any, NamedTuple
from uuid import UUID

import orjson

from vedette.core.errors import Permanent
from vedette.core.job import MAX_BATCH


class Job(NamedTuple):
    """One check to run. `slot` and `run_by` are Unix ms."""

    monitor_id: UUID
    revision: int
    slot: int
    run_by: int
    definition: Any


def parse_batch(body: bytes) -> list[Job]:
    """The jobs of a message. Raises Permanent if it is not a JobBatch."""
    try:
        jobs = [
            Job(
                UUID(job["monitor_id"]),
                int(job["revision"]),
                int(job["slot"]),
                int(job["run_by"]),
                job["definition"],
            )
            for job in orjson.loads(body)["jobs"]
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Permanent(f"not a batch of jobs: {type(error).__name__}: {error}") from error
    if len(jobs) > MAX_BATCH:
        raise Permanent(f"a batch of {len(jobs)} jobs, more than {MAX_BATCH}")
    return jobs
