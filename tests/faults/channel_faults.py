"""What can go wrong with those who carry messages to people."""

from __future__ import annotations

from tests.faults.place import Place
from tests.faults.setting import Fault, Setting


async def stop_mail(setting: Setting[Place]) -> None:
    """The mail server is away for ten minutes."""
    await setting.world.receivers.mailbox.stop()
    await setting.last(600)
    await setting.world.receivers.mailbox.start()


async def lose_answers_of_mail(setting: Setting[Place]) -> None:
    """The mail server takes messages and hangs up before it says so."""
    mailbox = setting.world.receivers.mailbox
    mailbox.losing_answers = True
    await setting.last(60)
    mailbox.losing_answers = False


async def refuse_webhooks(setting: Setting[Place]) -> None:
    """The receiver of webhooks answers 500."""
    sink = setting.world.receivers.sink
    sink.status = 500
    await setting.last(60)
    sink.status = 200


async def hang_webhooks(setting: Setting[Place]) -> None:
    """The receiver of webhooks takes requests and answers none."""
    sink = setting.world.receivers.sink
    sink.hang = True
    await setting.last(60)
    sink.hang = False


async def slow_webhooks(setting: Setting[Place]) -> None:
    """The receiver of webhooks takes long to answer, around the time that it is given."""
    sink = setting.world.receivers.sink
    sink.delay = setting.chance.uniform(1, 10)
    await setting.last(60)
    sink.delay = 0


OF_CHANNELS: tuple[Fault[Place], ...] = (
    Fault("smtp-down", stop_mail, beside=True),
    Fault("smtp-answers-lost", lose_answers_of_mail, beside=True),
    Fault("webhook-500", refuse_webhooks, beside=True),
    Fault("webhook-hangs", hang_webhooks, beside=True),
    Fault("webhook-slow", slow_webhooks, beside=True),
)
