"""Wildcards and loosely typed paths, in the words of our assertions."""

import re

_GLOB_CALL = re.compile(r'glob\((?P<of>[^,]+),\s*"(?P<pattern>(?:[^"\\]|\\.)*)"\s*\)')
_STEP = re.compile(r"\.?([^.\[\]]+)|(\[[^\]]*\])")
_CHOOSING = re.compile(r"\[(?P<name>\w+) *= *(?P<value>[^\]=]+)\]")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def regex_of(glob: str) -> str:
    """The pattern for a wildcard. Raises ValueError for brackets that don't fit together."""
    pieces, at = [], 0
    while at < len(glob):
        end = glob.find("]", at + 2) if glob[at] == "[" else at
        if end < 0 or glob[at] == "]":
            raise ValueError(f"wildcard {glob!r}: a bracket without its other")
        pieces.append(_piece(glob[at : end + 1]))
        at = end + 1
    return f"(?s)^{''.join(pieces)}$"


def _piece(glob: str) -> str:
    if glob.startswith("["):
        inside = glob[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[^{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]"
    return {"*": ".*", "?": "."}.get(glob, re.escape(glob))


def without_globs(path: str) -> str:
    """A JSONPath in which wildcards are patterns, for RFC 9535 knows only those."""

    def match(call: re.Match[str]) -> str:
        # `match` is for the whole text; it has no anchors of its own.
        pattern = regex_of(call["pattern"]).removeprefix("(?s)^").removesuffix("$")
        quoted = pattern.replace("\\", "\\\\").replace('"', '\\"')
        return f'match({call["of"]}, "{quoted}")'

    return _GLOB_CALL.sub(match, path)


def jsonpath_of(path: str) -> str:
    """`foo.bar[2]` as a JSONPath; nothing is the whole."""
    if path.startswith("$"):
        return _inside(path)
    steps = [_member(name) if name else _inside(index) for name, index in _STEP.findall(path)]
    whole = "".join(name or index for name, index in _STEP.findall(path)) == path.replace(".", "")
    return "$" + ("".join(steps) if whole else path)


def _inside(index: str) -> str:
    """`[name="b"]` chooses those of which it is so."""
    return _CHOOSING.sub(r"[?@.\g<name>==\g<value>]", index)


def _member(name: str) -> str:
    return f".{name}" if _PLAIN.fullmatch(name) else f"['{name}']"
