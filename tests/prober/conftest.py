"""What the prober's tests share."""

from collections.abc import AsyncIterator

import pytest_asyncio

from vedette.prober.context import Context
from vedette.prober.curl import CurlDriver
from vedette.prober.names import Resolver


@pytest_asyncio.fixture
async def context() -> AsyncIterator[Context]:
    context = Context(CurlDriver(), Resolver(), "/etc/ssl/certs/ca-certificates.crt")
    yield context
    context.curl.close()
    await context.resolver.close()
