"""The gateway as its launcher runs it."""

import pytest
from aiohttp import ClientSession
from structlog.testing import capture_logs

from vedette.gateway.service import running
from vedette.gateway.settings import GatewaySettings
from vedette.runtime.resources import Resources


@pytest.fixture
def settings(settings: GatewaySettings) -> GatewaySettings:
    return settings.model_copy(update={"http": "127.0.0.1:0"})


async def test_it_serves_where_it_says_until_it_ends(
    settings: GatewaySettings, resources: Resources
) -> None:
    with capture_logs() as logs:
        async with running(settings, resources):
            address = next(log["address"] for log in logs if log["event"] == "serving")
            async with ClientSession() as session, session.get(f"{address}/health/ready") as ready:
                assert (ready.status, (await ready.json())["database"]) == (200, "ok")
            async with ClientSession() as session, session.get(address) as page:
                assert page.status == 200
