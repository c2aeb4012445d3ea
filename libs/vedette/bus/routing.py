"""Topic routing as AMQP 0-9-1 defines it: words between dots, `*` for one, `#` for any."""

import re
from functools import lru_cache

from vedette.bus.api import Binding

# Each word brings the dot before it along, so that `#` may stand for no word at all.
_WILDCARDS = {"*": r"\.[^.]+", "#": r"(?:\.[^.]+)*"}


def matches(binding: Binding, published: Binding) -> bool:
    """Whether a message published so goes through `binding`."""
    return (
        binding.exchange is published.exchange
        and _pattern(binding.key).fullmatch("." + published.key) is not None
    )


@lru_cache(maxsize=1024)
def _pattern(key: str) -> re.Pattern[str]:
    words = (_WILDCARDS.get(word) or r"\." + re.escape(word) for word in key.split("."))
    return re.compile("".join(words))
