"""What a process does with its memory."""

import gc


def keep_what_is_here() -> None:
    """Leave all that was made so far out of every later garbage collection.

    What a process has when it is up (modules, models, compiled patterns: some 140,000 objects)
    stays for good; looking through it again and again costs CPU and holds up every check for some
    50 ms at a time.
    """
    gc.collect()
    gc.freeze()
