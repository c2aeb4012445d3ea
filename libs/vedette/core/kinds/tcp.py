"""Kind `tcp`: a connection to a port, and a dialogue over it if one is given.

Up when the connection is made, TLS is agreed on if it is asked for, every step of the dialogue
goes as expected, and every assertion holds. A dialogue's lines end with a line feed; a carriage
return before it is not part of them. Certificates are verified.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from vedette.core.dialogue import MAX_STEPS, Step, check_references
from vedette.core.endpoints import Endpoint, StartTls
from vedette.core.monitor import ProbedSpec
from vedette.core.tls import HandshakeOptions


class TcpTarget(Endpoint):
    """A port, and what to say there."""

    tls: HandshakeOptions | None = Field(
        default=None,
        description="Speak TLS: from the first byte, unless `starttls` or a step says when.",
    )
    starttls: StartTls | None = Field(
        default=None,
        description="Ask for TLS in the words of this protocol; the dialogue comes after it.",
    )
    steps: list[Step] = Field(default=[], max_length=MAX_STEPS)
    line_ending: Literal["", "\n", "\r\n"] = Field(
        default="", description="Sent after each text that is sent, never after base64."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        upgrades = sum(step.starttls for step in self.steps) + (self.starttls is not None)
        if upgrades > 1:
            raise ValueError("a connection goes over to TLS once: by `starttls` or by one step")
        check_references(self.steps)
        return self

    def summary(self) -> str:
        """The host and the port."""
        return f"TCP {self.peer}"


class TcpMonitor(ProbedSpec):
    """A monitor of kind tcp."""

    kind: Literal["tcp"] = "tcp"
    target: TcpTarget
