"""A prober on a machine where a client is missing or broken."""

import json
import subprocess
import sys

import pytest

_OFFER = """
import json, sys
sys.path.insert(0, sys.argv[1])
{before}
from vedette.prober.probes import offer
print(json.dumps([sorted(offer().makers), offer().lacking]))
"""
_MISSING = "sys.modules[{!r}] = None"


def offered(before: str, folder: object = ".") -> tuple[list[str], dict[str, str]]:
    """What a process offers, and what it lacks, after some preparation."""
    told = subprocess.run(
        [sys.executable, "-c", _OFFER.format(before=before), str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    kinds, lacking = json.loads(told.stdout)
    return kinds, lacking


@pytest.mark.parametrize(
    ("package", "kind", "words"),
    [
        ("aiomysql", "mysql", "aiomysql is not installed; pip install 'vedette[mysql]' adds it"),
        (
            "websockets",
            "websocket",
            "websockets is not installed; pip install 'vedette[prober]' adds it",
        ),
    ],
)
def test_a_missing_client_takes_its_own_kind_along_alone(
    package: str, kind: str, words: str
) -> None:
    kinds, lacking = offered(_MISSING.format(package))
    assert lacking == {kind: words}
    assert {"http", "tcp", "tls", "dns", "icmp"} <= set(kinds)


def test_a_client_that_can_not_be_loaded_is_told_apart(tmp_path: object) -> None:
    broken = f"open({str(tmp_path)!r} + '/aiomysql.py', 'w').write('from json import nothing')"
    kinds, lacking = offered(broken, tmp_path)
    assert list(lacking) == ["mysql"]
    assert "json is installed and can't be loaded: cannot import name" in lacking["mysql"]
    assert "http" in kinds
