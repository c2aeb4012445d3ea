"""What was seen of a target, as assertions see it: each subject made when it is first looked at."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from vedette.core.assertions.budget import Budget, Unreadable

_BOM = "\ufeff"
_SHOWN = 60


class Facts:
    """The subjects by name. Times are milliseconds, `header` is by lower-case name: a value, or
    the list of those that were sent.

    `makers` make the subjects that are costly to have. JSON is read from `body`, unless it is
    given as `json`.
    """

    __slots__ = ("_known", "_makers", "_misread", "budget")

    def __init__(
        self,
        subjects: Mapping[str, Any] | None = None,
        makers: Mapping[str, Callable[[], Any]] | None = None,
    ) -> None:
        self._known = dict(subjects or {})
        self._makers = makers or {}
        self._misread: Unreadable | None = None
        self.budget = Budget()

    def get(self, subject: str) -> Any:
        """A subject's value; None if there is none."""
        if subject not in self._known:
            maker = self._makers.get(subject)
            self._known[subject] = None if maker is None else maker()
        return self._known[subject]

    def document(self) -> Any:
        """The body as JSON. Raises Unreadable."""
        if self._misread is not None:
            raise self._misread
        if "json" not in self._known:
            try:
                self._known["json"] = _parsed(self.get("body"))
            except Unreadable as error:
                self._misread = error
                raise
        return self._known["json"]


def _parsed(body: Any) -> Any:
    if not isinstance(body, str):
        raise Unreadable("no body")
    try:
        return orjson.loads(body.removeprefix(_BOM))
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"a body that is not JSON ({error}): {body[:_SHOWN]!r}") from None
