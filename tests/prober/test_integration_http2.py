"""Kind http against nginx, in the versions of HTTP that it speaks."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import trustme
from tests.prober.support import OK, look, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.testing.nginx import Nginx, running_nginx


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def here(context: Context, authority: trustme.CA, tmp_path: Path) -> Context:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return replace(context, ca_file=str(tmp_path / "ca.pem"))


@pytest.fixture
def pem(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.issue_cert("127.0.0.1", "inner.example").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "own.pem")
    )
    return tmp_path / "own.pem"


@pytest_asyncio.fixture
async def nginx(pem: Path, tmp_path: Path) -> AsyncIterator[Nginx]:
    async with running_nginx(tmp_path / "nginx", http2=True, pem=pem) as nginx:
        yield nginx


@pytest.mark.parametrize(
    ("asked", "spoken"), [("auto", "2"), ("1.1", "1.1"), ("2", "2"), ("2-prior-knowledge", "2")]
)
async def test_versions_over_tls(here: Context, nginx: Nginx, asked: str, spoken: str) -> None:
    seen = await look(here, f"https://127.0.0.1:{nginx.port}/", http_version=asked)
    assert seen.trouble is None
    assert seen.facts["http_version"] == spoken
    assert seen.answer is not None
    assert seen.answer.text() == "ok\n"
    assert list(seen.phases) == ["connect", "tls", "first_byte", "transfer"]
    assert seen.subjects["certificate"]["chain_valid"]


async def test_another_server_name_in_http2(here: Context, nginx: Nginx) -> None:
    url = f"https://127.0.0.1:{nginx.port}/"
    seen = await look(here, url, tls={"server_name": "inner.example"}, http_version="2")
    assert seen.trouble is None


async def test_http2_that_is_insisted_on(here: Context, pem: Path, tmp_path: Path) -> None:
    async with running_nginx(tmp_path / "old", pem=pem) as nginx:
        seen = await look(here, f"https://127.0.0.1:{nginx.port}/", http_version="2")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR
    assert seen.trouble.message == "it answered in HTTP/1.1, not 2"


async def test_prior_knowledge_without_tls(context: Context, tmp_path: Path) -> None:
    async with running_nginx(tmp_path / "h2c", http2=True) as nginx:
        seen = await look(context, nginx.url, http_version="2-prior-knowledge")
    assert seen.trouble is None
    assert seen.facts["http_version"] == "2"


async def test_prior_knowledge_that_is_wrong(context: Context) -> None:
    async with serving(OK) as server:
        seen = await look(context, server.url, http_version="2-prior-knowledge")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR, seen.trouble


async def test_reading_no_body_in_http2(here: Context, nginx: Nginx) -> None:
    seen = await look(here, f"https://127.0.0.1:{nginx.port}/", read_body=False)
    assert seen.trouble is None
    assert seen.facts["status"] == 200
