"""The kit of a cases file: the module beside it that starts servers, and the runs it tells of."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

_MODULE = "conformance_servers"


@dataclass(frozen=True)
class Run:
    """One run of a case: a record as the kit's README describes it."""

    record: dict[str, Any]

    @property
    def id(self) -> str:
        """Its id, with the label of its vector."""
        return str(self.record["id"])

    @property
    def kind(self) -> str:
        """What the case is about."""
        return str(self.record["kind"])

    @property
    def source(self) -> str:
        """Whose habits its record takes for granted: bbe, gatus, kuma or sentry."""
        return self.id.partition("-")[0]

    @property
    def probe(self) -> dict[str, Any]:
        """What is configured or fed in."""
        return dict(self.record.get("probe") or {})

    @property
    def expect(self) -> dict[str, Any]:
        """What must come out."""
        return dict(self.record.get("expect") or {})

    @property
    def alone(self) -> bool:
        """Whether it measures time, which others beside it would disturb."""
        return bool(self.expect.keys() & {"duration_s", "finished_by", "exits_within_s"})


@dataclass(frozen=True)
class Kit:
    """The module that starts servers, and where the cases are."""

    module: ModuleType
    cases: Path

    @classmethod
    def beside(cls, cases: Path) -> Kit:
        """The kit in the folder of a cases file. Raises FileNotFoundError."""
        path = cases.resolve().parent / "servers.py"
        spec = importlib.util.spec_from_file_location(_MODULE, path)
        if spec is None or spec.loader is None or not path.exists():
            raise FileNotFoundError(path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[_MODULE] = module  # its dataclasses look themselves up
        spec.loader.exec_module(module)
        return cls(module, cases)

    def runs(self) -> Iterator[Run]:
        """Every run of every case."""
        for case in self.module.load_cases(str(self.cases)):
            yield from map(Run, self.module.expand(case))

    @asynccontextmanager
    async def serving(self, run: Run) -> AsyncIterator[Any]:
        """A run's servers, in a thread and a loop of their own, as targets are."""
        manager = self.module.running(run.record.get("server"))
        server = await asyncio.to_thread(manager.__enter__)
        try:
            yield server
        finally:
            await asyncio.to_thread(manager.__exit__, None, None, None)

    def wire_length(self, server: Any) -> int:
        """How many bytes of body the server sent: of its one response, encoded."""
        record = server.record
        body = self.module.body_bytes(record, server.vars)
        coding = record.get("encode", record.get("content_encoding"))
        return len(self.module.encode_body(body, coding))

    def client_files(self, folder: Path) -> dict[str, str]:
        """What the words good, missing and garbage stand for where files are configured."""
        certificate, key = self.module.Pki(str(folder)).client_credentials()
        (folder / "garbage").write_text("neither certificate nor key")
        return {"certificate": certificate, "key": key, "garbage": str(folder / "garbage")}
