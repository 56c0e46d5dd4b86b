"""Logging: for people in a terminal, one JSON object a line otherwise. Libraries' own records go the same way, from `warning` on."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

#: They log what concerns nobody but their makers below this level.
_NOISY = ("aiokafka", "faust", "mode", "kafka", "asyncio", "aiohttp", "mail.log")

_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
]


def configure(log: str = "auto", level: str = "info") -> None:
    """`log`: "auto", "console" or "json"; `level`: the least of ours that is written. Everything goes to standard error."""
    console = log == "console" or (log == "auto" and sys.stderr.isatty())
    least = getattr(logging, level.upper())
    stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console, key="time")
    last: Any
    if console:
        last = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    else:
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    before: list[Any] = [*_shared, stamp] if console else [*_shared, stamp, structlog.processors.format_exc_info]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *before],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(least)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(least, logging.WARNING))
