"""Which of several workers runs which test: those that share an installation go to the same."""

from xdist.scheduler import LoadScopeScheduling


class ByInstallation(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """All of the embedded mode to one worker; the others, by file, to whoever is free.

    So a worker starts an installation of a mode once and never goes back to the mode before.
    xdist's own groups can't tell: they need names of tests that pytest 9.2 no longer lets change.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "embedded" if nodeid.endswith("[embedded]") else nodeid.partition("::")[0]
