"""Every setting: its name, default, what is allowed and what it does."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from streams.settings import kinds

SHIPPED = Path(__file__).resolve().parent.parent / "defaults"


def _setting(default: str | None, read: kinds.Read, does: str, *, secret: bool = False, file: bool = False) -> Any:
    """`default` as it would be written; None: not set. `file`: names a file, relative to the one it is written in."""
    # An address may hold a password.
    hidden = secret or read in (kinds.redis, kinds.smtp)
    value = None if default is None or (file and not default) else (Path(default) if file else read(default))
    return field(default=value, repr=not hidden, metadata={"default": default, "read": read, "does": does, "secret": secret, "file": file})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, read and checked. Spans are milliseconds. `origins` says of each where it came from."""

    app_id: str = _setting("gedrag", kinds.name, "consumer group, and prefix of the changelog's name")
    broker: str = _setting("localhost:9092", kinds.brokers, "Kafka, host:port; several with commas")
    security_protocol: str = _setting("PLAINTEXT", kinds.choice("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"), "how to talk to Kafka")
    sasl_mechanism: str = _setting(
        "PLAIN", kinds.choice("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"), "how to log in to Kafka with SASL_PLAINTEXT and SASL_SSL"
    )
    sasl_username: str | None = _setting(None, kinds.text, "who logs in to Kafka")
    sasl_password: str | None = _setting(None, kinds.secret, "its password", secret=True)
    ssl_cafile: Path | None = _setting(None, kinds.text, "certificate authorities of Kafka's certificate; default: the system's", file=True)
    ssl_certfile: Path | None = _setting(None, kinds.text, "our certificate, for a Kafka that asks for one", file=True)
    ssl_keyfile: Path | None = _setting(None, kinds.text, "the key of our certificate", file=True)
    ssl_password: str | None = _setting(None, kinds.secret, "the password of that key", secret=True)
    topic_prefix: str = _setting("", kinds.prefix, "stands before the name of every topic")
    partitions: int = _setting("4", kinds.number(1, 1000), "partitions of every topic")
    replication: int = _setting("1", kinds.number(1, 9), "replicas of topics the worker makes")
    retention: int = _setting("30d", kinds.span("1h", "3650d"), "how long topics the worker makes keep records; not the changelog")
    idempotence: str = _setting(
        "on", kinds.choice("on", "off"), "off: for a broker without idempotent producers; a broken connection may write a record twice"
    )
    session_timeout: int = _setting("10s", kinds.span("6s", "5m"), "a worker that is silent so long has lost its partitions")
    group_instance_id: str = _setting(
        "", kinds.prefix, "a name of this worker's own that it keeps over restarts: then one takes no rebalance"
    )
    lateness: int = _setting("24h", kinds.span("0s", "30d"), "how late an event may be and still be put in its place")
    grace: int = _setting("5s", kinds.span("0s", "24h"), "how long an idle topic holds time back")
    dead_letter_limit: int = _setting("1000", kinds.number(0, 1_000_000_000), "more dead letters a minute stop the worker; 0: no limit")
    redis: str = _setting("redis://localhost:6379/0", kinds.redis, "the live view and what was mailed; rediss:// for TLS")
    redis_password: str | None = _setting(None, kinds.secret, "its password", secret=True)
    erasure_key: str | None = _setting(
        None, kinds.secret, "the key of the hashes that are kept of forgotten customers; default: one of our own making", secret=True
    )
    smtp: str = _setting("smtp://localhost:1025", kinds.smtp, "where mail goes: smtp://, smtps:// or starttls://, [user@]host[:port]")
    smtp_password: str | None = _setting(None, kinds.secret, "the password of its user", secret=True)
    mail: str = _setting("smtp", kinds.choice("smtp", "postmark"), "who delivers mail: a mail server, or Postmark over HTTPS")
    postmark_token: str | None = _setting(None, kinds.secret, "the server API token of Postmark", secret=True)
    postmark_url: str = _setting("https://api.postmarkapp.com", kinds.web_base, "where Postmark's API is")
    postmark_stream: str = _setting("", kinds.prefix, "the message stream to send through; default: the server's own")
    postmark_hook_secret: str | None = _setting(
        None, kinds.secret, "what Postmark's webhooks come with: as password, or at the end of their address", secret=True
    )
    mail_max_age: int = _setting("24h", kinds.span("1m", "24h"), "a mail decided longer ago is not sent; transactional ones are")
    public_url: str = _setting(
        "", kinds.web_base, "where customers reach `gedrag serve`: mails then carry links to unsubscribe, of opens and of clicks"
    )
    link_keys: tuple[tuple[str, str], ...] | None = _setting(
        None, kinds.key_ring, "keys that sign those links, newest first: name:secret, several with commas or lines", secret=True
    )
    sender: str = _setting("shop@localhost.localdomain", kinds.mailbox, "whom mail is from: an address, or Name <address>")
    webhooks: Path = _setting("webhooks.toml", kinds.text, "the endpoints that get changes as webhooks; without the file: none", file=True)
    webhook_networks: str = _setting(
        "", kinds.networks, 'private networks that webhooks may go to, such as 10.1.0.0/16 with commas, or "any"; default: none'
    )
    crm_token: str | None = _setting(None, kinds.secret, "HubSpot's access token; with it, contacts get their segments", secret=True)
    crm_url: str = _setting("https://api.hubapi.com", kinds.web_base, "where HubSpot's API is")
    crm_id_property: str = _setting("gedrag_customer_id", kinds.property_name, "the contact's unique property that holds the customer id")
    crm_prefix: str = _setting("gedrag_", kinds.property_name, "stands before a segment's name in the names of contact properties")
    crm_rate: int = _setting("100", kinds.number(1, 1000), "requests to HubSpot in ten seconds, as the account allows")
    crm_daily: int = _setting("250000", kinds.number(1, 100_000_000), "requests to HubSpot in a day, as the account allows")
    # The table [shop] of the file: `name` there is `shop_name`.
    shop_name: str = _setting("Your shop", kinds.text, "the shop's name in mails")
    shop_address: str = _setting("", kinds.text, "its postal address, at the foot of mails")
    shop_colour: str = _setting("#1f6f5c", kinds.colour, "the colour of a mail's button, bar and name")
    shop_background: str = _setting("#f3f1ec", kinds.colour, "the colour around a mail")
    shop_logo: str = _setting("", kinds.link, "an image, shown 40 pixels high in place of the name")
    shop_url: str = _setting("", kinds.link, "where a mail's button leads; {customer_id} is filled in")
    shop_cart_url: str = _setting("", kinds.link, "where the button of a mail about a cart leads; default: shop_url")
    product_url: str = _setting("", kinds.link, "a product's page; {product_id} is filled in")
    shop_product_image: str = _setting("", kinds.link, "a product's picture, shown 56 pixels wide; {product_id} is filled in")
    unsubscribe: str = _setting(
        "",
        kinds.link,
        "where to unsubscribe; {customer_id} and {message_id} are filled in; default: public_url's, else a mail to the sender",
    )
    templates: Path | None = _setting(None, kinds.text, "a folder of mail templates that come before the shipped ones", file=True)
    segments: Path = _setting("segments.toml", kinds.text, "the definitions; where that file is missing: the shipped ones", file=True)
    campaigns: Path = _setting("campaigns.toml", kinds.text, "the campaigns; where that file is missing: the shipped ones", file=True)
    currency: str = _setting("EUR", kinds.currency, "the shop's currency")
    web: str = _setting("127.0.0.1:6066", kinds.listen, 'where the worker serves its health and metrics, or "off"')
    metrics_token: str | None = _setting(
        None, kinds.secret, "the bearer token /metrics asks for; without it, nothing is told there beyond this machine", secret=True
    )
    internal_token: str | None = _setting(
        None, kinds.secret, "what `serve` shows workers when it asks for a customer; default: one made and kept in Redis", secret=True
    )
    serve: str = _setting("127.0.0.1:8080", kinds.address, "where `gedrag serve` listens")
    write_keys: tuple[str, ...] | None = _setting(
        None, kinds.write_keys, "what tracking libraries come with to the collector; several with commas or lines", secret=True
    )
    collector: Path = _setting("collector.toml", kinds.text, "what calls become, before the shipped names; may be missing", file=True)
    collector_origins: tuple[str, ...] = _setting(
        "", kinds.origins, 'web sites whose pages may call the collector (CORS), with commas, or "*"; default: none'
    )
    rate_limit: int = _setting("100", kinds.number(0, 1_000_000), "requests a second that one API token may make; 0: no limit")
    api_origins: tuple[str, ...] = _setting(
        "", kinds.origins, 'web sites whose pages may use the API from a browser (CORS), with commas, or "*"; default: none'
    )
    log: str = _setting("auto", kinds.choice("auto", "console", "json"), "auto: for people in a terminal, JSON otherwise")
    log_level: str = _setting("info", kinds.choice("debug", "info", "warning", "error"), "the least that is logged")
    origins: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, file: Path | None = None, overrides: dict[str, str] | None = None) -> Settings:
        """See `streams.settings.load`."""
        from streams.settings.load import load

        return load(file, overrides)


#: Settings of the shop that were there before its table was: they are also known as `shop_…`, so that all of it can stand in [shop].
ALIASES = {"shop_product_url": "product_url", "shop_unsubscribe": "unsubscribe"}


def all_settings() -> dict[str, Field[Any]]:
    """The settings by name, in the order they are shown."""
    return {item.name: item for item in fields(Settings) if "read" in item.metadata}
