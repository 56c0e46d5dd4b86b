"""Clients of the broker, and waiting for one that is away."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.clock import monotonic

if TYPE_CHECKING:
    from streams.settings import Settings

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0

#: Largest record set we hand over at once, and largest record we may write.
BATCH_BYTES = 1_000_000
REQUEST_BYTES = 16_000_000

T = TypeVar("T")

#: Where services tell of their starting and stopping; quiet unless something is wrong.
LIFE_CYCLE = logging.getLogger("mode.life")
#: Seconds for which something must go on before aiokafka may say it, and between two times it says so: it logs as an error what it then
#: puts right by itself (a leader that is not ready yet), and away from the broker says the same ten times a second.
PASSING = 3.0
REPEAT_AFTER = 10.0
_AIOKAFKA = (
    "aiokafka", "aiokafka.client", "aiokafka.conn", "aiokafka.cluster", "aiokafka.consumer.consumer", "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator", "aiokafka.producer.producer", "aiokafka.producer.sender",
)  # fmt: skip

log = structlog.get_logger(__name__)


class _Lasting(logging.Filter):
    """Lets a message of a logger through when it has come again and again for a while, and then once in a while."""

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now, message = monotonic(), record.msg
        if now - self._last.get(message, float("-inf")) > REPEAT_AFTER:
            self._first[message] = now
        self._last[message] = now
        if now - self._first[message] < PASSING or now - self._said.get(message, float("-inf")) < REPEAT_AFTER:
            return False
        self._said[message] = now
        return True


def quieten() -> None:
    """Keeps aiokafka from flooding the log."""
    for name in _AIOKAFKA:
        logger = logging.getLogger(name)
        if not logger.filters:
            logger.addFilter(_Lasting())


def connection(settings: Settings) -> dict[str, Any]:
    """What every client needs to reach the broker."""
    quieten()
    options: dict[str, Any] = {
        "bootstrap_servers": settings.broker.split(","),
        "client_id": settings.app_id,
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=None if settings.ssl_cafile is None else str(settings.ssl_cafile))
        if settings.ssl_certfile is not None:
            context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile, settings.ssl_password)
        options["ssl_context"] = context
    if settings.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password,
        }
    return options


async def wait_for_broker(settings: Settings) -> None:
    """Returns once the broker answers; tries again with longer and longer pauses and says so. Cancel it to give up."""
    pause = FIRST_PAUSE
    since = monotonic()
    while True:
        client = AIOKafkaAdminClient(**connection(settings))
        try:
            await client.start()
        except (TimeoutError, KafkaError, OSError) as error:
            log.warning("the broker is away, trying again", broker=settings.broker, seconds=pause, error=_short(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            if monotonic() - since > FIRST_PAUSE:
                log.info("the broker answers", broker=settings.broker)
            return
        finally:
            await client.close()


async def persist(settings: Settings, action: Callable[[], Awaitable[T]]) -> T:
    """The result of `action`, tried again while the broker is away. Raises what will not pass by itself."""
    while True:
        await wait_for_broker(settings)
        try:
            return await action()
        except KafkaError as error:
            if not error.retriable:
                raise
            log.warning("the broker was there and is away again", broker=settings.broker, error=_short(error))
            await asyncio.sleep(FIRST_PAUSE)


def _short(error: BaseException) -> str:
    return str(error) or type(error).__name__


def producer(settings: Settings, **options: Any) -> AIOKafkaProducer:
    """Idempotent, with acknowledgement by all replicas: a record is there once and in order, however often it was sent.

    Only the setting `idempotence` takes the first away, for the embedded broker, which refuses it to aiokafka.
    """
    return AIOKafkaProducer(
        **connection(settings),
        **{
            "acks": "all",
            "enable_idempotence": settings.idempotence == "on",
            "linger_ms": 0,
            "max_batch_size": BATCH_BYTES,
            "max_request_size": REQUEST_BYTES,
            **options,
        },
    )


def consumer(settings: Settings, **options: Any) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(**connection(settings), **{"enable_auto_commit": False, **options})


def admin(settings: Settings) -> AIOKafkaAdminClient:
    return AIOKafkaAdminClient(**connection(settings))
