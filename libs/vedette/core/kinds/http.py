"""Kind `http`: one request to a URL, over HTTP or HTTPS.

Up when the answer's status is 200 to 299, or what a status assertion says instead, and every
assertion holds. Redirects are followed ten times at most. Certificates are verified.
"""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from vedette.core.monitor import MonitorSpec, Target

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class HttpTarget(Target):
    """One HTTP request."""

    url: str = Field(max_length=2048, examples=["https://example.org/health"])
    method: Method = "GET"
    headers: dict[str, str] = Field(default={}, max_length=50)
    body: str | None = Field(default=None, max_length=65_536)
    follow_redirects: bool = True

    @field_validator("url")
    @classmethod
    def _absolute(cls, url: str) -> str:
        if any(c <= " " or c == "\x7f" for c in url):
            raise ValueError("a URL has no spaces or control characters; write %20 for a space")
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018  (reading it is what validates it)
        except ValueError as error:
            raise ValueError(f"not a URL: {error}") from None
        if "://" not in url:
            raise ValueError(f"a URL starts with http:// or https://; did you mean https://{url} ?")
        if parts.scheme not in {"http", "https"}:
            raise ValueError(f"a URL starts with http:// or https://, not {parts.scheme}://")
        if not parts.hostname:
            raise ValueError("the URL names no host")
        return url

    @field_validator("headers")
    @classmethod
    def _plain(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not name or not set(name) <= _TOKEN:
                raise ValueError(f"{name!r} is not a header name (RFC 9110, section 5.1)")
            if any(c in value for c in "\r\n\0"):
                raise ValueError(f"the value of {name} has a line break")
        return headers

    def summary(self) -> str:
        """The method and URL, without any user name, password or query."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return f"{self.method} {parts.scheme}://{host}{parts.path}"


class HttpMonitor(MonitorSpec):
    """A monitor of kind http."""

    kind: Literal["http"] = "http"
    target: HttpTarget
