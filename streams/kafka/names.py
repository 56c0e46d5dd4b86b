"""Names on the broker, from `app_id` and `topic_prefix`."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.events.schema import EMAIL_EVENTS, TOPICS


@dataclass(frozen=True, slots=True)
class Names:
    """`inputs` in rank order. What is the worker's alone (changelog, handovers) and the consumer group are named by the app,
    the others by the prefix."""

    app_id: str
    prefix: str

    @property
    def inputs(self) -> tuple[str, ...]:
        return (*(self.prefix + topic for topic in TOPICS), self.handovers)

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
