"""The Faust apps of this process: one a role, so that each keeps its own consumer group however roles share processes.

A shop's own actions are Faust agents on `app`, ten lines in a module of theirs (examples/my_shop_actions.py):

    from streams.app import app, changes

    @app.agent(changes)
    async def greet(stream): ...

`app` and `changes` are made on first use, from the settings given to `configure` (the worker does that before it loads
such modules) or found as usual.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import faust
from faust.types.auth import AuthProtocol
from yarl import URL

from streams.kafka.clients import connection
from streams.kafka.names import Names
from streams.kafka.transport import Transport
from streams.settings import Settings, load

SHOP = "agents"

_settings: Settings | None = None
_made: dict[str, Any] = {}


def configure(settings: Settings) -> None:
    """The settings `app` is to be made with."""
    global _settings
    _settings = settings
    _made.clear()


def create(settings: Settings, role: str) -> faust.App:
    """An app with the consumer group `<app_id>-<role>`, that makes no topic of ours and serves no web page."""
    app_id = f"{settings.app_id}-{role}"
    brokers = [URL(f"kafka://{address}") for address in settings.broker.split(",")]
    app = faust.App(
        app_id,
        broker=brokers,
        broker_credentials=_credentials(settings),
        # One worker may well be killed; its partitions should not stand still for a minute.
        broker_session_timeout=settings.session_timeout / 1000,
        broker_heartbeat_interval=min(1.0, settings.session_timeout / 6000),
        broker_commit_interval=1.0,
        # By default a member that takes no records for a quarter of an hour is thought to be stuck and leaves its group: an agent waits so
        # long where what it writes to is away.
        broker_max_poll_interval=365 * 86_400.0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        table_standby_replicas=0,
        producer_linger=0,
        datadir=Path(tempfile.gettempdir()) / f"{app_id}-data",
        web_enabled=False,
        autodiscover=False,
    )
    app.transport = Transport(brokers, app)  # app.conf can't be asked yet: it would be made before roles have had their say
    return app


def topic(app: faust.App, settings: Settings, name: str) -> Any:
    """A topic of ours by its name without prefix; keys and values are the record's bytes, None for none."""
    return app.topic(settings.topic_prefix + name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


def changes_topic(app: faust.App, settings: Settings) -> Any:
    """The topic segment-changes; an agent gets each change as a dict."""
    name = Names(settings.app_id, settings.topic_prefix).changes
    return app.topic(name, key_serializer="raw", value_serializer="json")


def _credentials(settings: Settings) -> Any:
    if settings.security_protocol == "PLAINTEXT":
        return None
    context = connection(settings).get("ssl_context")
    if settings.security_protocol == "SSL":
        return faust.SSLCredentials(context)
    protocol = AuthProtocol(settings.security_protocol)
    credentials = faust.SASLCredentials(
        username=settings.sasl_username, password=settings.sasl_password, mechanism=settings.sasl_mechanism, ssl_context=context
    )
    credentials.protocol = protocol
    return credentials


def __getattr__(name: str) -> Any:
    if name not in ("app", "changes"):
        raise AttributeError(name)
    if not _made:
        settings = _settings or load()
        _made["app"] = create(settings, SHOP)
        _made["changes"] = changes_topic(_made["app"], settings)
    return _made[name]
