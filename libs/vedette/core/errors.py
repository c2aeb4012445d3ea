"""The root of Vedette's errors.

A target that is down is never an exception: it is a result with a reason (see `outcome`).
"""


class VedetteError(Exception):
    """Anything Vedette raises on purpose."""


class Transient(VedetteError):
    """Worth trying again unchanged: a database, broker or provider was out of reach."""


class Permanent(VedetteError):
    """Trying again can't help: the message or the request itself is wrong."""
