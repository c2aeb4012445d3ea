"""What a process does with its memory."""

import gc

_NEW_OBJECTS = 100_000


def keep_what_is_here() -> None:
    """Leave all that was made so far out of every later garbage collection, and have few of them.

    What a process has when it is up (modules, models, compiled patterns: some 140,000 objects)
    stays for good; looking through it again and again costs CPU and holds up every check for some
    50 ms at a time.

    What it makes later is mostly gone before anybody need look for it: the objects of checks under
    way, some hundred each. By Python's default, which begins to look at 700 new objects, these grow
    old under way, and each time that a quarter as many did as there are monitors' objects, all of
    these are looked through: with 40,000 monitors and 2,000 checks a second, for 0.5 s every few
    seconds. With room for the objects of all checks under way there is hardly ever a need to look.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
