"""The parts of a message, before they take a form."""

from dataclasses import dataclass

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Story:
    """A message's parts. `mood` is the colour it has where there are colours."""

    subject: str
    mood: str
    headline: str
    paragraphs: list[str]
    rows: list[Row]
    link: str | None = None
