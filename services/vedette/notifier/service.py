"""The notifier, put together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from vedette.bus.topology import MESSAGES
from vedette.notifier import metrics
from vedette.notifier.attempt import Attempts
from vedette.notifier.channel import Channel
from vedette.notifier.channels import channel_types
from vedette.notifier.dispatch import Dispatcher
from vedette.notifier.handlers import consumer
from vedette.notifier.heartbeat import LOOKS, Heartbeat
from vedette.notifier.http import open_session
from vedette.notifier.settings import NotifierSettings
from vedette.notifier.store.claiming import Claiming
from vedette.runtime.background import background, every
from vedette.runtime.resources import Resources
from vedette.store.pool import Pool, connection
from vedette.store.secretbox import secret_box

# Beyond the provider's time: claiming and recording have to fit too.
_LEASE_MARGIN_S = 10.0
_PREFETCH = 16
_MEASURE_S = 10.0
_MEASURE_AT_MOST = 10_000
# Longer than any provider may have us wait before another attempt, and than any lease.
_LATEST_S = 1800.0


@asynccontextmanager
async def running(settings: NotifierSettings, resources: Resources) -> AsyncIterator[None]:
    """Plan and send messages until the block ends, then finish what is under way."""
    box = secret_box(settings.secret_key)
    pool, bus = resources.pool, resources.bus
    async with AsyncExitStack() as stack:
        channels = await stack.enter_async_context(opened_channels(settings))
        attempts = Attempts(
            pool=pool,
            box=box,
            channels=channels,
            instance=resources.instance,
            send_timeout_s=settings.send_timeout_s,
            give_up_after_s=settings.give_up_after_h * 3600,
        )
        dispatcher = Dispatcher(
            pool,
            attempts.make,
            instance=resources.instance,
            lease_s=settings.send_timeout_s + _LEASE_MARGIN_S,
        )
        stack.push_async_callback(dispatcher.drain, resources.drain_s)
        await stack.enter_async_context(background("dispatcher", dispatcher.run))
        look = partial(every, _MEASURE_S, partial(_look_after, pool))
        await stack.enter_async_context(background("deliveries", look))
        await stack.enter_async_context(_heartbeat(settings, pool))
        await bus.declare(MESSAGES)
        handler = consumer(pool, box, settings.storm())
        consuming = await bus.consume(MESSAGES, handler, prefetch=_PREFETCH)
        # Last in, first out: no new messages, then no new claims, then attempts end.
        stack.push_async_callback(consuming.stop, drain_s=resources.drain_s)
        yield


@asynccontextmanager
async def opened_channels(settings: NotifierSettings) -> AsyncIterator[dict[str, Channel]]:
    """One channel of each kind, ready to send."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(open_session(settings.policy()))
        channels = {}
        for kind, channel_type in channel_types().items():
            channels[kind] = channel_type(settings, http)
            stack.push_async_callback(channels[kind].close)
        yield channels


@asynccontextmanager
async def _heartbeat(settings: NotifierSettings, pool: Pool) -> AsyncIterator[None]:
    if settings.heartbeat_url is None:
        yield
        return
    url, interval_s = settings.heartbeat_url.get_secret_value(), settings.heartbeat_interval_s
    async with open_session() as http:
        heart = Heartbeat(pool, http, url=url, interval_s=interval_s)
        async with background("heartbeat", lambda: every(interval_s / LOOKS, heart.beat)):
            yield


async def _look_after(pool: Pool) -> None:
    async with connection(pool) as db:
        await Claiming(db).hasten(_LATEST_S)
        metrics.pending.set(await Claiming(db).pending(_MEASURE_AT_MOST))
