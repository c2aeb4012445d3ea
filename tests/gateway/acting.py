"""The client's part and the other services' part, as tests play them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from tests.gateway.described import check_described
from yarl import URL

from vedette.core.ids import uuid7
from vedette.core.instants import to_ms
from vedette.gateway.auth import hash_of
from vedette.store.pool import Pool

KEY = "the key of the tests"
CAUSE = {"outcome": "down", "reason": "connect_refused", "message": "refused", "region": "default"}


def a_monitor(**fields: Any) -> dict[str, Any]:
    """A definition."""
    return {"name": "Shop", "kind": "http", "target": {"url": "https://shop.example/"}, **fields}


def a_webhook(**config: Any) -> dict[str, Any]:
    """A channel's definition."""
    secret = {"secret": "sixteen characters and more"}
    return {
        "name": "On call",
        "kind": "webhook",
        "config": {"url": "https://hooks.example/", **secret, **config},
    }


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Any
    body: Any

    @property
    def fields(self) -> list[str]:
        """The fields that a problem names."""
        return [error["field"] for error in self.body["errors"]]


class Api:
    """A client that knows its key, and holds every answer against openapi.json."""

    def __init__(self, client: TestClient, key: str) -> None:  # type: ignore[type-arg]
        self.client = client
        self._headers = {"Authorization": f"Bearer {key}"}

    async def ask(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request below /api/v1."""
        sent = {} if body is None else {"json": body}
        return await self._asked(method, f"/api/v1{path}", headers or {}, **sent)

    async def ask_raw(
        self, method: str, address: str, headers: dict[str, str], body: bytes | None
    ) -> Answer:
        """One request below /api/v1, its address and body sent as they are."""
        url = URL(f"/api/v1{address}", encoded=True)
        return await self._asked(method, url, headers, data=body)

    async def _asked(
        self, method: str, url: str | URL, headers: dict[str, str], **sent: Any
    ) -> Answer:
        own = {**self._headers, **headers}
        async with self.client.request(method, url, headers=own, **sent) as response:
            answer = Answer(response.status, response.headers, await _body_of(response))
            path = response.url.raw_path
            check_described(method, path, answer.status, response.content_type, answer.body)
            return answer

    async def get(self, path: str) -> Answer:
        """Read."""
        return await self.ask("GET", path)

    async def create(self, path: str, body: Any) -> Any:
        """Create, which must succeed; what was created."""
        answer = await self.ask("POST", path, body)
        assert answer.status == 201, answer.body
        return answer.body


async def _body_of(response: ClientResponse) -> Any:
    if "json" not in response.content_type:
        return await response.text()
    return await response.json(content_type=None)


class World:
    """Writes what the processor, the incidents service and the notifier write."""

    def __init__(self, pool: Pool, workspace: UUID) -> None:
        self.pool = pool
        self.workspace = workspace
        self.now = datetime.now(UTC)

    @classmethod
    async def of(cls, pool: Pool) -> World:
        """The world of the first workspace."""
        return cls(pool, await pool.fetchval("select id from workspace"))

    def ago(self, **span: float) -> datetime:
        """An instant in the past."""
        return self.now - timedelta(**span)

    async def another_key(self) -> str:
        """The key of a second workspace."""
        workspace, key = uuid4(), "the key of strangers"
        await self.pool.execute("insert into workspace (id, name) values ($1, 'other')", workspace)
        await self.pool.execute(
            "insert into api_key (id, workspace_id, name, hash) values ($1, $2, 'k', $3)",
            uuid4(),
            workspace,
            hash_of(key),
        )
        return key

    async def born(self, monitor: str, at: datetime) -> None:
        """Let a monitor exist since an earlier instant."""
        await self.pool.execute(
            "update monitor set created_at = $2 where id = $1", UUID(monitor), at
        )

    async def standing(self, monitor: str, state: str, since: datetime, **more: Any) -> None:
        """Set how a monitor stands."""
        row = {
            "sequence": 1,
            "last_vote": self.now,
            "last_check": None,
            "cause": None,
            **more,
        }
        await self.pool.execute(
            "insert into monitor_state (monitor_id, workspace_id, state, since, sequence,"
            " last_vote, last_check, cause) values ($1, $2, $3, $4, $5, $6, $7, $8)"
            " on conflict (monitor_id) do update set state = $3, since = $4, sequence = $5,"
            " last_vote = $6, last_check = $7, cause = $8",
            UUID(monitor),
            self.workspace,
            state,
            since,
            row["sequence"],
            row["last_vote"],
            row["last_check"],
            row["cause"],
        )

    async def spans(self, monitor: str, *spans: tuple[str, datetime]) -> None:
        """Give a monitor spans that follow one another; the last stays open."""
        ends = [*(start for _, start in spans[1:]), None]
        for number, ((state, start), end) in enumerate(zip(spans, ends, strict=True), 1):
            await self.pool.execute(
                "insert into span (monitor_id, sequence, workspace_id, state, started_at,"
                " ended_at, decided_at) values ($1, $2, $3, $4, $5, $6, $5)",
                UUID(monitor),
                number,
                self.workspace,
                state,
                start,
                end,
            )

    async def check(self, monitor: str, slot: datetime, outcome: str = "up", **more: Any) -> None:
        """Record a check."""
        detail = {"phases": {"connect": 1.5}, "facts": {"status": 200}, **more.get("detail", {})}
        region = more.get("region", "default")
        await self.pool.execute(
            "insert into check_result (monitor_id, slot, region, outcome, reason, revision,"
            " started_at, duration_ms, detail, late)"
            " values ($1, $2, $3, $4, $5, 1, $2, 12.5, $6, $7)",
            UUID(monitor),
            slot,
            region,
            outcome,
            more.get("reason"),
            detail,
            more.get("late"),
        )
        if "evidence" in more:
            await self.pool.execute(
                "insert into check_evidence values ($1, $2, $3, $4)",
                UUID(monitor),
                slot,
                region,
                more["evidence"],
            )

    async def incident(
        self, monitor: str, since: datetime, *, recovered: datetime | None = None, number: int = 1
    ) -> str:
        """Open an incident, and end it if `recovered`."""
        id = uuid7(to_ms(since))
        await self.pool.execute(
            "insert into incident (id, workspace_id, monitor_id, state, severity, since,"
            " opened_at, opened_by, resolved_at, recovered_at, resolution, cause, channels)"
            " values ($1, $2, $3, $4, 'critical', $5, $5, $6, $7, $7, $8, $9, '{}')",
            id,
            self.workspace,
            UUID(monitor),
            "resolved" if recovered else "investigating",
            since,
            number,
            recovered,
            "recovered" if recovered else None,
            CAUSE,
        )
        return str(id)

    async def delivery(
        self,
        channel: str,
        *,
        id: UUID | None = None,
        incident: str | None = None,
        status: str = "sent",
        at: datetime | None = None,
    ) -> str:
        """Add a delivery."""
        id = id or uuid4()
        await self.pool.execute(
            "insert into delivery (id, workspace_id, incident_id, channel_id, kind, recipient,"
            " transition, event, status, attempts, lane, created_at)"
            " values ($1, $2, $3, $4, 'webhook', 'https://hooks.example/', $5, '{}', $6, 1,"
            " 'webhook', $7)",
            id,
            self.workspace,
            incident and UUID(incident),
            UUID(channel),
            "opened" if incident else "test",
            status,
            at or self.now,
        )
        return str(id)

    async def prober(self, region: str, **more: Any) -> None:
        """Let a prober be heard of, as it is `more`."""
        row = {
            "instance": f"prober-{uuid4().hex[:6]}",
            "kinds": ["dns", "http"],
            "lacking": {},
            "seen_at": self.now,
            "left_at": None,
            **more,
        }
        await self.pool.execute(
            "insert into prober (instance, run, name, region, version, kinds, lacking, ipv6,"
            " in_flight, waiting, concurrency, seen_at, left_at)"
            " values ($1, $2, $1, $3, '1.0', $4, $5, true, 3, 0, 1000, $6, $7)"
            " on conflict (instance) do update set kinds = $4, lacking = $5, seen_at = $6,"
            " left_at = $7",
            row["instance"],
            uuid4(),
            region,
            row["kinds"],
            row["lacking"],
            row["seen_at"],
            row["left_at"],
        )

    async def unhealthy(self, region: str, message: str) -> None:
        """Let a region be unhealthy, as no prober was heard of."""
        await self.pool.execute(
            "insert into region_health (region, healthy, trouble, message)"
            " values ($1, false, 'no_probers', $2)",
            region,
            message,
        )

    async def events(self) -> list[str]:
        """The events written to the outbox, by name, oldest first."""
        rows = await self.pool.fetch("select routing_key from outbox order by id")
        return [row["routing_key"] for row in rows]
