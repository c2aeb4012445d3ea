"""Every case of the file that VEDETTE_CONFORMANCE_CASES names, one test a run."""

import os
from pathlib import Path

import pytest
import uvloop
from tests.conformance.exceptions import Exceptions
from tests.conformance.kit import Kit
from tests.conformance.runner import Verdict, run_all

CASES = os.environ.get("VEDETTE_CONFORMANCE_CASES")


async def _verdicts(cases: Path) -> dict[str, Verdict]:
    kit = Kit.beside(cases)
    ended = run_all(kit, list(kit.runs()), Exceptions.load())
    return {verdict.run.id: verdict async for verdict in ended}


if CASES:

    @pytest.fixture(scope="module")
    def verdicts() -> dict[str, Verdict]:
        """All of them, for they run beside one another."""
        return uvloop.run(_verdicts(Path(CASES or "")))

    @pytest.mark.parametrize("run", [run.id for run in Kit.beside(Path(CASES)).runs()])
    def test_a_case_comes_out_as_expected(run: str, verdicts: dict[str, Verdict]) -> None:
        assert verdicts[run].said in {"passed", "excepted"}, verdicts[run].why


def test_every_exception_has_a_reason_and_fits_by_id() -> None:
    exceptions = Exceptions.load()
    assert all(why for *_, why in exceptions.rules)
    udp = ("not offered", "UDP is not checked but for DNS, for silence says nothing about a port")
    assert exceptions.of("gatus-any", "not expressible: url udp://") == udp
    assert exceptions.of("gatus-any", "not expressible: url tcp://") is None
    assert exceptions.of("bbe-tcp-connect") is None
