"""What a process does with its memory."""

import gc
from typing import Any

_NEW_OBJECTS = 100_000
# Python's default lets ten such lots grow old together: to look through a million takes 0.7 s.
_LOTS_TOGETHER = 1
_A_QUARTER = 4


def keep_what_is_here() -> None:
    """Leave all that was made so far out of every later garbage collection, and have few of them.

    What a process has when it is up (modules, models, compiled patterns: some 140,000 objects)
    stays for good; looking through it again and again costs CPU and holds up every check for some
    50 ms at a time. So does what it comes to know of monitors, some 20 objects each: whenever what
    grew old is a quarter of what is kept already, it is kept as well.

    What it makes else is mostly gone before anybody need look for it: the objects of checks under
    way, some hundred each. By Python's default, which begins to look at 700 new objects, these grow
    old under way, and each time that a quarter as many did as there are monitors' objects, all of
    these are looked through: with 40,000 monitors and 2,000 checks a second, for 0.5 s every few
    seconds. With room for the objects of all checks under way there is hardly ever a need to look.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _LOTS_TOGETHER)
    if _keep_what_grew not in gc.callbacks:
        gc.callbacks.append(_keep_what_grew)


def _keep_what_grew(phase: str, info: dict[str, Any]) -> None:
    if phase == "stop" and info["generation"] > 0:
        grown = len(gc.get_objects(generation=2))
        if grown * _A_QUARTER > gc.get_freeze_count():
            gc.freeze()
