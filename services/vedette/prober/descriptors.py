"""Open files: a check holds one or two, and the system may allow a process but a thousand."""

import resource

_A_CHECK = 2
_ELSE = 500


def make_room(checks: int) -> str | None:
    """Let this process have as many open files as so many checks need; else, why it can't."""
    wanted = checks * _A_CHECK + _ELSE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return None
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if granted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    if granted == wanted:
        return None
    return f"{checks} checks at once need {wanted} open files, of which the system allows {granted}"
