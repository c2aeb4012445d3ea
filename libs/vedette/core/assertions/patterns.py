"""Patterns: RE2, whose time is linear in what it searches, and wildcards made of it."""

import re2

LONGEST = 1000
# RE2 keeps what it has built for a pattern; plans are kept by the thousand.
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 1 << 20


class Pattern:
    """A compiled RE2 pattern. Raises ValueError, saying what is wrong with it."""

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ValueError(f"a pattern has at most {LONGEST} characters")
        try:
            self._compiled = re2.compile(text, _OPTIONS)
        except re2.error as error:
            raise ValueError(f"not a pattern (RE2): {_words(error)}") from None
        except UnicodeEncodeError:
            raise ValueError("not a pattern: it is not valid Unicode") from None
        self.text = text

    def found_in(self, text: str) -> bool:
        """Whether the pattern is found anywhere in a text."""
        return self._compiled.search(_bytes(text)) is not None

    def fits(self, text: str) -> bool:
        """Whether the pattern fits all of a text."""
        return self._compiled.fullmatch(_bytes(text)) is not None


def is_wildcard(text: str) -> bool:
    """Whether a text has characters that stand for others."""
    return any(c in text for c in "*?[]")


def from_wildcard(text: str) -> str:
    r"""The RE2 pattern for a wildcard: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before a literal.

    Raises ValueError for a bracket without its other.
    """
    pieces, at = [], 0
    while at < len(text):
        piece, at = _piece(text, at)
        pieces.append(piece)
    return rf"(?s)\A{''.join(pieces)}\z"


def exactly(text: str) -> str:
    """The RE2 pattern for a text and nothing else."""
    return rf"\A{re2.escape(text)}\z"


def among_blanks(pattern: str) -> str:
    """What `exactly` or `from_wildcard` gave, for a text that may have blanks around it."""
    return pattern.replace(r"\A", r"\A\s*", 1).removesuffix(r"\z") + r"\s*\z"


def _piece(text: str, at: int) -> tuple[str, int]:
    match text[at]:
        case "*":
            return ".*", at + 1
        case "?":
            return ".", at + 1
        case "[":
            end = text.find("]", at + 2)
            if end < 0:
                raise ValueError(f"{text!r} has a [ without its ]")
            inside = text[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            return f"[{'^' + inside[1:] if inside[0] in '^!' else inside}]", end + 1
        case "]":
            raise ValueError(f"{text!r} has a ] without its [")
        case "\\" if at + 1 < len(text):
            return re2.escape(text[at + 1]), at + 2
    return re2.escape(text[at]), at + 1


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
