"""What the scheduler does with each event: it notes it; the next tick acts on it."""

from collections.abc import Callable
from uuid import UUID

from vedette.bus.api import Handler, Message, Queue
from vedette.bus.topology import scheduler_changes
from vedette.core.events import Event, MonitorSuspect
from vedette.scheduler.dispatch import Dispatcher


def table(instance: str, dispatcher: Dispatcher) -> dict[Queue, Handler]:
    """Which queue goes where."""

    async def follow(message: Message) -> None:
        event = Event.model_validate_json(message.body)
        note = NOTES.get(event.name, _note_change)
        note(dispatcher, event)

    return {scheduler_changes(instance): follow}


def _note_change(dispatcher: Dispatcher, event: Event) -> None:
    dispatcher.note_change(UUID(event.data["monitor"]["id"]))


def _note_recheck(dispatcher: Dispatcher, event: Event) -> None:
    dispatcher.note_recheck(UUID(event.data["monitor"]["id"]), event.data["recheck_slot"])


NOTES: dict[str, Callable[[Dispatcher, Event], None]] = {MonitorSuspect.NAME: _note_recheck}
