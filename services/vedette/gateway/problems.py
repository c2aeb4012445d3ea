"""Errors as RFC 9457 problem documents, and the one place that turns exceptions into them."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TypeVar

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field

from vedette.core.errors import Transient, VedetteError

CONTENT_TYPE = "application/problem+json"
_RETRY_AFTER_S = "2"

T = TypeVar("T")
log = structlog.get_logger()


class FieldError(BaseModel):
    """One wrong field of a request."""

    model_config = ConfigDict(frozen=True)
    field: str = Field(examples=["target.url"], description="Where; empty for the whole body.")
    message: str
    rule: str = Field(examples=["missing"], description="The rule it breaks, for programs.")


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["urn:vedette:problem:invalid"])
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldError] | None = Field(
        default=None, description="Every wrong field, where fields are wrong."
    )


class Problem(VedetteError):
    """A request that can't be answered as asked."""

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        kind: str | None = None,
        errors: Sequence[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or HTTPStatus(status).phrase)
        self.document = ProblemDocument(
            type=f"urn:vedette:problem:{kind}" if kind else "about:blank",
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            errors=None if errors is None else list(errors),
        )
        self._headers = headers or {}

    def response(self) -> web.Response:
        """The document as an answer."""
        return web.Response(
            status=self.document.status,
            body=orjson.dumps(self.document.model_dump(exclude_none=True)),
            headers={**self._headers, "Content-Type": CONTENT_TYPE},
        )


def not_found(what: str) -> Problem:
    """There is no such thing in this workspace."""
    return Problem(404, f"there is no such {what}", kind="not-found")


def there(found: T | None, what: str) -> T:
    """What was found. Raises Problem if it was not."""
    if found is None:
        raise not_found(what)
    return found


def invalid(errors: Sequence[FieldError]) -> Problem:
    """A body that was read, and is wrong."""
    return Problem(422, _summary(errors), kind="invalid", errors=errors)


def bad_query(errors: Sequence[FieldError]) -> Problem:
    """Query parameters that are wrong."""
    return Problem(400, _summary(errors), kind="query", errors=errors)


def _summary(errors: Sequence[FieldError]) -> str:
    first = errors[0]
    shown = f"{first.field}: {first.message}" if first.field else first.message
    return shown if len(errors) == 1 else f"{len(errors)} fields are wrong; first, {shown}"


def route_of(request: web.Request) -> str:
    """The route of a request, without what its address holds: tokens that let somebody report."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unmatched"


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every exception with a problem document; only unexpected ones are our fault."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except web.HTTPException as error:
        return _of_http(error).response()
    except Transient as error:
        log.warning("request failed by an outage", route=route_of(request), error=str(error))
        return unavailable().response()
    except web.RequestPayloadError:
        return Problem(400, "the body could not be read", kind="body").response()
    except Exception:
        log.exception("request failed", method=request.method, route=route_of(request))
        return Problem(500, "Vedette failed to answer; its log says why").response()


def unavailable() -> Problem:
    """A server that we need is out of reach; asking again helps."""
    return Problem(
        503,
        "the database or another part of Vedette can't be reached now",
        kind="unavailable",
        headers={"Retry-After": _RETRY_AFTER_S},
    )


def _of_http(error: web.HTTPException) -> Problem:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allow = ", ".join(sorted(error.allowed_methods))
        return Problem(405, f"this address takes {allow}", headers={"Allow": allow})
    details = {404: "there is nothing at this address", 413: "a body may have 1 MiB"}
    return Problem(error.status, details.get(error.status))
