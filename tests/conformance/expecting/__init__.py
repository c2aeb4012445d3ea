"""Comparing what came out with the keys that a case expects; others are not looked at."""

from collections.abc import Iterator

from tests.conformance.expecting import answers, lessons, timelines, verdicts
from tests.conformance.expecting.comparing import Comparison, equal
from tests.conformance.kit import Run
from tests.conformance.observation import Observation

_COMPARISONS: dict[str, Comparison] = {
    **verdicts.COMPARISONS,
    **answers.COMPARISONS,
    **lessons.COMPARISONS,
    **timelines.COMPARISONS,
}
# What a refusal leaves to be told. Refusing what can't be checked is as good as failing it.
_OF_REFUSALS = frozenset({"success", "failure", "config_valid", "config_error_about", "error_path",
                          "server_saw", "server_not_saw", "output_contains", "output_lacks",
                          "check_kind", "response_status", "error_kind"})  # fmt: skip


def mismatches(run: Run, observation: Observation) -> Iterator[str]:
    """What is not as expected, in words."""
    for key, expected in run.expect.items():
        if observation.refused and key not in _OF_REFUSALS:
            continue
        if key in observation.values:
            wrong = equal(expected, observation.values[key])
        elif key in _COMPARISONS:
            wrong = _COMPARISONS[key](expected, observation)
        else:
            wrong = "not expressible: nothing of ours tells it"
        if wrong is not None:
            yield f"{key}: {wrong}"
