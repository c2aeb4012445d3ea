"""JSONPath (RFC 9535), with RE2 for its patterns and a budget for its steps.

Beside the functions of the RFC there is `glob(text, wildcard)`.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError, JSONPathNode, JSONPathQuery
from jsonpath_rfc9535.filter_expressions import (
    Expression,
    RelativeFilterQuery,
    RootFilterQuery,
    StringLiteral,
)
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.parse import Parser
from jsonpath_rfc9535.tokens import Token, TokenStream

from vedette.core.assertions.budget import Unreadable, spend
from vedette.core.assertions.patterns import Pattern, from_wildcard

LONGEST = 500
_SEARCH_STEPS = 10


@lru_cache(256)
def _pattern(text: str) -> Pattern:
    return Pattern(text)


@lru_cache(256)
def _wildcard(text: str) -> Pattern:
    return Pattern(from_wildcard(text))


class Path:
    """A compiled JSONPath. Raises ValueError, saying what is wrong with it."""

    __slots__ = ("_query", "text")

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ValueError(f"a JSONPath has at most {LONGEST} characters")
        try:
            self._query = _ENVIRONMENT.compile(text)
        except JSONPathError as error:
            raise ValueError(f"not a JSONPath (RFC 9535): {_words(error)}") from None
        except RecursionError:
            raise ValueError("not a JSONPath: nested too deep") from None
        self.text = text

    def find(self, document: Any) -> list[Any]:
        """The values it leads to. Raises Unreadable."""
        try:
            return [node.value for node in self._query.finditer(document)]
        except Unreadable:
            raise
        except Exception as error:
            # Whatever a hostile document and the library make of each other, the check goes on.
            raise Unreadable(f"can't be followed: {type(error).__name__}") from error


class _Node(JSONPathNode):
    """A node that knows its value only, and is counted."""

    __slots__ = ()

    def new_child(
        self,
        value: object,
        key: int | str,
        parent: JSONPathNode | None,
    ) -> JSONPathNode:
        spend()
        return _Node(value=value, location=(), parent=None, root=self.root)


class _Query(JSONPathQuery):
    __slots__ = ()

    def finditer(self, value: Any) -> Iterable[JSONPathNode]:
        spend()
        nodes: Iterable[JSONPathNode] = [_Node(value=value, location=(), parent=None, root=value)]
        for segment in self.segments:
            nodes = segment.resolve(nodes)
        return nodes


class _Parser(Parser):
    def parse_root_query(self, stream: TokenStream) -> Expression:
        return RootFilterQuery(token=stream.next_token(), query=self._query(stream))

    def parse_relative_query(self, stream: TokenStream) -> Expression:
        return RelativeFilterQuery(token=stream.next_token(), query=self._query(stream))

    def _query(self, stream: TokenStream) -> JSONPathQuery:
        return _Query(env=self.env, segments=tuple(self.parse_query(stream, in_filter=True)))


class _Search(FilterFunction):
    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012 (as its base has it)
    return_type = ExpressionType.LOGICAL

    def __init__(self, compiled: Callable[[str], Pattern], *, whole: bool = False) -> None:
        self._whole = whole
        self.compiled = compiled

    def __call__(self, text: object, pattern: object) -> bool:
        spend(_SEARCH_STEPS)
        if not isinstance(text, str) or not isinstance(pattern, str):
            return False
        try:
            compiled = self.compiled(pattern)
        except ValueError:  # it came out of the document
            return False
        return compiled.fits(text) if self._whole else compiled.found_in(text)


class _Environment(JSONPathEnvironment):
    parser_class = _Parser

    def compile(self, query: str) -> JSONPathQuery:
        return _Query(env=self, segments=super().compile(query).segments)

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Search(_pattern, whole=True)
        self.function_extensions["search"] = _Search(_pattern)
        self.function_extensions["glob"] = _Search(_wildcard)

    def validate_function_extension_signature(self, token: Token, args: list[Any]) -> list[Any]:
        checked = super().validate_function_extension_signature(token, args)
        function = self.function_extensions[token.value]
        if isinstance(function, _Search) and isinstance(args[1], StringLiteral):
            function.compiled(args[1].value)
        return checked


def _words(error: JSONPathError) -> str:
    where = "" if error.token is None else f" at position {error.token.index + 1}"
    return f"{error.args[0]}{where}"


_ENVIRONMENT = _Environment()
