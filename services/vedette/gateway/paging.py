"""Lists, page by page: what they are sorted by, where a page begins, what it shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aiohttp import web
from asyncpg import Record
from pydantic import Field

from vedette.gateway.domain import cursors
from vedette.gateway.endpoint import reply
from vedette.gateway.problems import FieldError, bad_query
from vedette.gateway.reading import Query

T = TypeVar("T")


class PageQuery(Query):
    """What every list takes."""

    limit: int = Field(default=100, ge=1, le=500, description="How many at most.")
    cursor: str | None = Field(
        default=None, max_length=500, description="`next` of the page before this one."
    )

    @property
    def rows(self) -> int:
        """How many rows to ask for: one more than is shown, which tells whether a page follows."""
        return self.limit + 1


@dataclass(frozen=True, slots=True)
class Order(Generic[T]):
    """The columns a list is sorted by, and how their values are read back from a cursor."""

    columns: tuple[str, ...]
    decode: Callable[[str], T]

    def start(self, query: PageQuery) -> T | None:
        """The values behind which the page begins; None for the first page. Raises Problem."""
        if query.cursor is None:
            return None
        try:
            return self.decode(query.cursor)
        except ValueError as error:
            wrong = FieldError(field="cursor", message=str(error), rule="cursor")
            raise bad_query([wrong]) from None

    def page(
        self, rows: Sequence[Record], query: PageQuery, view: Callable[[Record], Mapping[str, Any]]
    ) -> web.Response:
        """The page, from as many rows as were asked for, if there are so many."""
        items = rows[: query.limit]
        following = None
        if len(rows) > query.limit:
            following = cursors.encode(*(items[-1][column] for column in self.columns))
        return reply({"items": [view(row) for row in items], "next": following})


BY_ID = Order(("id",), cursors.decode_id)
BY_TIME = Order(("created_at", "id"), cursors.decode_instant_and_id)
