"""Dialogues: what is said to a target, and what it is expected to say.

A step first takes something in (`expect` a line, `expect_bytes`, or `read`), then says something
(`send`), then goes over to TLS (`starttls`); each is optional. What a pattern's groups matched
can be said in this step and, named groups, in all later ones: `${1}`, `${name}`.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

import re2
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from vedette.core.sent import SENT

MAX_STEPS = 50
Pattern = Any  # a pattern of RE2's, which ships no types
Label = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Template = Annotated[str, StringConstraints(max_length=1000)]

# RE2 keeps what it has built for a pattern; plans are kept by the thousand.
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 1 << 20
_REFERENCE = re.compile(r"\$\{(\w+)\}")


class Binary(BaseModel):
    """Bytes that are no text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base64: str = Field(max_length=87_384)

    @model_validator(mode="after")
    def _decodes(self) -> Self:
        self.octets()
        return self

    def octets(self) -> bytes:
        """The bytes. Raises ValueError."""
        try:
            return b64decode(self.base64, validate=True)
        except binascii.Error as error:
            raise ValueError(f"not valid base64: {error}") from None


Octets = Annotated[str, StringConstraints(max_length=65_536)] | Binary


class Turn(BaseModel):
    """What the steps of all dialogues have: what to expect, what to say, facts to keep."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    expect: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="A pattern (RE2) found in some line from here on; other lines are skipped.",
    )
    expect_bytes: Octets | None = Field(
        default=None, description="Exactly the next bytes; no line has to end behind them."
    )
    send: Annotated[Octets | None, SENT] = Field(
        default=None, description="Say this. `${1}` and `${name}` are what a pattern's groups took."
    )
    labels: dict[Label, Template] = Field(
        default={},
        max_length=10,
        description="Facts to keep of the line that was expected, like `version: ${1}`.",
    )

    @model_validator(mode="after")
    def _keeps_what_it_expects(self) -> Self:
        if self.labels and self.expect is None:
            raise ValueError("labels are made of what `expect` found")
        if self.expect is not None:
            compiled(self.expect)
        return self

    def templates(self) -> list[str]:
        """The texts in which groups may be referred to."""
        said = [self.send] if isinstance(self.send, str) else []
        return [*said, *self.labels.values()]


class Step(Turn):
    """One step of a dialogue in lines and bytes."""

    read: Literal["some", "end"] | None = Field(
        default=None,
        description="Wait for any bytes at all (`some`), or for all until the target closes the "
        "connection (`end`).",
    )
    starttls: bool = Field(default=False, description="Go over to TLS.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        taken = [name for name in ("expect", "expect_bytes", "read") if getattr(self, name)]
        if len(taken) > 1:
            raise ValueError(f"a step takes one thing in: {' or '.join(taken)}, not both")
        if not taken and not self.send and not self.starttls:
            raise ValueError("a step does something: expect, expect_bytes, read, send or starttls")
        return self


class MessageStep(Turn):
    """One step of a dialogue in messages."""

    expect: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="A pattern (RE2) found in the next message, be it text or binary; `.*` is any.",
    )
    expect_bytes: Octets | None = Field(
        default=None, description="The next message, exactly: a text, or base64 for any bytes."
    )
    send: Annotated[Octets | None, SENT] = Field(
        default=None,
        description="Say this: a text message, or with base64 a binary one. In texts, `${1}` and "
        "`${name}` are what a pattern's groups took.",
    )
    labels: dict[Label, Template] = Field(
        default={},
        max_length=10,
        description="Facts to keep of the message that was expected, like `version: ${1}`.",
    )
    skip_others: bool = Field(
        default=False, description="Skip messages that are not the expected one, until it comes."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        taken = [name for name in ("expect", "expect_bytes") if getattr(self, name) is not None]
        if len(taken) > 1:
            raise ValueError("a step takes one thing in: expect or expect_bytes, not both")
        if not taken and self.send is None:
            raise ValueError("a step does something: expect, expect_bytes or send")
        if self.skip_others and not taken:
            raise ValueError("skip_others needs what is expected: expect or expect_bytes")
        return self


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Pattern:
    """A pattern made ready. Raises ValueError for one that RE2 doesn't take."""
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        what = error.args[0] if error.args else error
        words = what.decode(errors="replace") if isinstance(what, bytes) else str(what)
        raise ValueError(f"the regex {pattern!r} is not valid: {words}") from None


def groups_of(match: Any) -> dict[str, str]:
    """What the groups of a match took, by number and by name; nothing for those without part."""
    found = {str(at): text or "" for at, text in enumerate((match[0], *match.groups()))}
    return found | {name: text or "" for name, text in match.groupdict().items()}


def filled(template: str, groups: Mapping[str, str]) -> str:
    """A text with its references filled in; those to groups that don't exist stay."""
    return _REFERENCE.sub(lambda m: groups.get(m[1], m[0]), template)


def check_references(steps: Sequence[Turn]) -> None:
    """See that every reference has a group before it. Raises ValueError."""
    names: set[str] = set()
    numbers: set[str] = set()
    for at, step in enumerate(steps, start=1):
        if step.expect is not None:
            pattern = compiled(step.expect)
            names |= set(pattern.groupindex)
            numbers = {str(number) for number in range(pattern.groups + 1)}
        for template in step.templates():
            for reference in _REFERENCE.findall(template):
                if reference not in names | numbers:
                    raise ValueError(f"step {at}: no pattern before has a group {reference!r}")
