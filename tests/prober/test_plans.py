"""Definitions made ready, and kept."""

from typing import Any

import pytest
from tests.prober.support import a_batch, a_job

from vedette.prober.jobs import Job, parse_batch
from vedette.prober.plans import Plans, Unusable
from vedette.prober.probes import Offer


def job(**definition: Any) -> Job:
    return parse_batch(a_batch(a_job(**definition)))[0]


def test_a_plan_is_kept_until_there_is_no_room() -> None:
    plans = Plans(capacity=2)
    first, second, third = (job() for _ in range(3))
    kept = plans.of(first)
    plans.of(second)
    assert plans.of(first) is kept
    plans.of(third)
    assert plans.of(first) is kept
    assert len(plans._kept) == 2


def test_one_off_definitions_are_not_kept() -> None:
    plans = Plans()
    assert plans.of(job(revision=0)) is not plans.of(job(revision=0))
    assert not plans._kept


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ({"kind": "telepathy"}, "knows no kind 'telepathy'"),
        ({"target": {"url": "x"}}, "url"),
        ({"target": {"url": "http://a.example:99999/"}}, "url"),
        ({"timeout_s": "soon"}, "timeout_s"),
        ({"assertions": [{"subject": "luck"}]}, "the definition isn't valid"),
        ({"target": {"url": "http://a\udcff/"}}, "the definition isn't valid"),
    ],
)
def test_what_is_wrong_is_said(definition: dict[str, Any], words: str) -> None:
    raw = a_job()["definition"] | definition
    with pytest.raises(Unusable, match=words):
        Plans().of(job()._replace(definition=raw))


def test_a_kind_whose_client_is_not_installed_is_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "vedette.prober.plans.offer",
        lambda: Offer({}, {"http": "pycurl is not installed; pip install 'vedette[http]' adds it"}),
    )
    with pytest.raises(Unusable, match="can't check the kind http: pycurl is not installed"):
        Plans().of(job())
