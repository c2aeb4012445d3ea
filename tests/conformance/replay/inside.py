"""What runs inside a network of its own: one run, whose results are printed as JSON."""

import sys
from pathlib import Path

import orjson
import structlog
import uvloop
from tests.conformance.kit import Kit
from tests.conformance.replay.bench import opened
from tests.conformance.replay.network import replay
from tests.conformance.replay.undisturbed import undisturbed


async def _told(cases: Path, id: str) -> bytes:
    kit = Kit.beside(cases)
    run = next(run for run in kit.runs() if run.id == id)
    async with opened() as bench:
        # Again in this process, not in another one: each is slow to see at first.
        observation = await undisturbed(lambda: replay(run, kit, bench))
    results = [result.model_dump(mode="json") for result in observation.results]
    return orjson.dumps({"results": results, "output": observation.output})


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.stdout.buffer.write(uvloop.run(_told(Path(sys.argv[1]), sys.argv[2])))
