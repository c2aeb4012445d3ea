"""What the prober's tests share."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from vedette.prober.context import Context
from vedette.prober.curl import CurlDriver
from vedette.prober.names import Resolver


@pytest.fixture(autouse=True)
def _targets_on_the_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_PROBER_FORBIDDEN", "none")


@pytest_asyncio.fixture
async def context() -> AsyncIterator[Context]:
    context = Context(CurlDriver(), Resolver(), "/etc/ssl/certs/ca-certificates.crt")
    yield context
    context.pinger.close()
    context.curl.close()
    await context.resolver.close()
