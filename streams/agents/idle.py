"""Agents that may take nothing for weeks, and keep their partitions all the same."""

from __future__ import annotations

from typing import Any

#: Seconds for which nothing need be taken from Kafka.
_IDLE = 365 * 86_400.0


def stay_while_idle(app: Any) -> None:
    """By default a member of a group that asks for no records for a quarter of an hour is taken for stuck, and leaves it."""

    def configured(sender: Any, conf: Any, **_: Any) -> None:
        conf.broker_max_poll_interval = _IDLE

    app.on_configured.connect(configured, weak=False)
