"""What is made, listed, read, changed and deleted in the same way: rows of the API's table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from vedette.gateway.endpoint import Answer, Body, Endpoint, Handle
from vedette.gateway.paging import PageQuery
from vedette.gateway.reading import PATCH_TYPES, Query

_ETAG = "Its version, for If-Match."


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Things at one address, each with an id and a version. `one` is what an answer shows."""

    path: str
    one: str
    models: tuple[type[BaseModel], ...]
    body: Body

    @property
    def item(self) -> str:
        """The address of one of them."""
        return f"{self.path}/{{id}}"

    @property
    def shown(self) -> Mapping[int, Answer]:
        """One of them as the answer."""
        return {200: Answer(self.one, self.models, headers={"ETag": _ETAG})}

    def created(self, handle: Handle, summary: str, answer: str) -> Endpoint:
        """POST to the address of all."""
        headers = {"Location": "Its address.", "ETag": "Its version."}
        return Endpoint(
            method="POST", path=self.path, handle=handle, summary=summary, body=self.body,
            creates=True, answers={201: Answer(answer, self.models, headers=headers)},
        )  # fmt: skip

    def listed(
        self, handle: Handle, summary: str, answer: str, query: type[Query] = PageQuery
    ) -> Endpoint:
        """GET of the address of all."""
        return Endpoint(
            method="GET", path=self.path, handle=handle, summary=summary, query=query,
            answers={200: Answer(answer, self.models, listed=True)},
        )  # fmt: skip

    def read(self, handle: Handle, summary: str) -> Endpoint:
        """GET of one."""
        return Endpoint(
            method="GET", path=self.item, handle=handle, summary=summary, answers=self.shown
        )

    def replaced(self, handle: Handle, summary: str) -> Endpoint:
        """PUT of one."""
        return Endpoint(
            method="PUT", path=self.item, handle=handle, summary=summary, body=self.body,
            conditional=True, answers=self.shown,
        )  # fmt: skip

    def patched(self, handle: Handle, summary: str, examples: Mapping[str, Any]) -> Endpoint:
        """PATCH of one."""
        return Endpoint(
            method="PATCH", path=self.item, handle=handle, summary=summary,
            body=Body(types=PATCH_TYPES, examples=examples), conditional=True, answers=self.shown,
        )  # fmt: skip

    def acted_on(self, handle: Handle, verb: str, summary: str) -> Endpoint:
        """POST to a verb below one."""
        return Endpoint(
            method="POST", path=f"{self.item}/{verb}", handle=handle, summary=summary,
            conditional=True, answers=self.shown,
        )  # fmt: skip

    def deleted(
        self,
        handle: Handle,
        summary: str,
        answer: str,
        *,
        query: type[Query] | None = None,
        problems: tuple[int, ...] = (),
    ) -> Endpoint:
        """DELETE of one."""
        return Endpoint(
            method="DELETE", path=self.item, handle=handle, summary=summary, query=query,
            conditional=True, answers={204: Answer(answer)}, problems=problems,
        )  # fmt: skip
