"""Targets that are databases: where they are, who logs in, and what may be asked of them."""

from typing import Annotated, Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import Field, StringConstraints

from vedette.core.endpoints import Endpoint
from vedette.core.tls import TlsOptions

MOST_ROWS = 100
"""Of a query's answer, the rows that are kept."""

_WITHIN_TLS = frozenset({"rediss"})
# As other programs' URLs have it; who asks for TLS here gets it verified.
_TLS = frozenset({"tls", "ssl", "sslmode", "ssl-mode"})
_YES = frozenset(
    {"true", "1", "require", "required", "verify-ca", "verify-full", "verify_identity"}
)
_NO = frozenset({"false", "0", "disable", "disabled"})

# The protocols end a word with a zero byte.
Word = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
Secret = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]
Query = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^[^\x00]+$")]


class DatabaseTarget(Endpoint):
    """A database server, and how to log in there."""

    password: Secret | None = Field(
        default=None, repr=False, description="The user's password. Default: none is given."
    )
    tls: TlsOptions | None = Field(
        default=None,
        description="Speak TLS, and nothing without it; `{}` verifies as a browser does. "
        "Default: no TLS.",
    )

    @classmethod
    def in_short(cls, text: str) -> dict[str, Any]:
        """A host, `host:port`, or a URL like `postgres://user:password@host:5432/database`."""
        if "://" not in text:
            return super().in_short(text)
        url = urlsplit(text)
        named: dict[str, Any] = {
            "host": url.hostname or "",
            "port": _port(url),
            "user": unquote(url.username) if url.username else None,
            "password": unquote(url.password) if url.password is not None else None,
            "database": unquote(url.path.removeprefix("/")) or None,
            "tls": {} if url.scheme in _WITHIN_TLS else None,
        }
        given = {name: value for name, value in named.items() if value is not None}
        return given | _asked(url.query)


class SqlTarget(DatabaseTarget):
    """A database server that is asked in SQL."""

    user: Word = Field(description="Who logs in. To watch is enough: it needs no right to write.")
    query: Query | None = Field(
        default=None,
        description="One SQL statement, whose answer assertions look at. Default: none.",
        examples=["SELECT count(*) AS waiting FROM jobs WHERE started_at IS NULL"],
    )
    read_only: bool = Field(
        default=True,
        description="Run the query where the server refuses whatever would change something.",
    )


def _asked(query: str) -> dict[str, Any]:
    """What stands behind the question mark: TLS, or else fields by their names."""
    asked: dict[str, Any] = {}
    for name, value in parse_qsl(query):
        if name in _TLS and value.lower() in _NO:
            continue
        if name in _TLS and value.lower() in _YES:
            asked["tls"] = {}
        else:  # what is no field's name is an error then, not forgotten
            asked[name] = value
    return asked


def _port(url: SplitResult) -> int | str | None:
    """The port of a URL, as it is written if it is none."""
    try:
        return url.port
    except ValueError:
        return url.netloc.rpartition(":")[2]
