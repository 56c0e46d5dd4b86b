"""Names on the broker, from `app_id` and `topic_prefix`."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.events.schema import CATALOG, EMAIL_EVENTS, NEWS, PRODUCT_NEWS, TOPICS, Event, Product


@dataclass(frozen=True, slots=True)
class Names:
    """`inputs` in rank order, the last of them, of product news, only where it is heard (`hears_news`). What is the worker's alone
    (changelogs, handovers) and the consumer group are named by the app, the others by the prefix."""

    app_id: str
    prefix: str
    hears_news: bool = True

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.subscribed if self.hears_news else self.subscribed[:PRODUCT_NEWS]

    @property
    def subscribed(self) -> tuple[str, ...]:
        """What a worker has partitions of: the same for all of a group, whatever their definitions, so that they can be shared out."""
        return (*(self.prefix + topic for topic in TOPICS), self.handovers, self.news)

    def place_of(self, event: Event | Product) -> tuple[str, bytes]:
        """(topic, key) of an event, or of what the catalogue says of a product."""
        if isinstance(event, Product):
            return self.catalog, event.product_id.encode("utf-8", "surrogatepass")
        return self.prefix + TOPICS[event.rank], event.customer_id.encode("utf-8", "surrogatepass")

    @property
    def catalog(self) -> str:
        """What the shop's catalogue says, by product."""
        return self.prefix + CATALOG

    @property
    def products(self) -> str:
        """Of the catalogue's role: what is known of each product."""
        return f"{self.app_id}-products-changelog"

    @property
    def news(self) -> str:
        """Of products, the same in every partition."""
        return self.prefix + NEWS

    @property
    def handovers(self) -> str:
        """On which customers of the worker hand over to each other."""
        return f"{self.app_id}-handovers"

    @property
    def departures(self) -> str:
        """Of ids that are customers no more, or again."""
        return self.prefix + "departures"

    @property
    def changes(self) -> str:
        return self.prefix + "segment-changes"

    @property
    def messages(self) -> str:
        return self.prefix + "messages"

    @property
    def withdrawals(self) -> str:
        """Of messages decided to be sent whose reason went before they were."""
        return self.prefix + "withdrawals"

    @property
    def email_events(self) -> str:
        return self.prefix + TOPICS[EMAIL_EVENTS]

    @property
    def dead_letters(self) -> str:
        return self.prefix + "dead-letters"

    @property
    def changelog(self) -> str:
        return f"{self.app_id}-customers-changelog"

    @property
    def group(self) -> str:
        return self.app_id
