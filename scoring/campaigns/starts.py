"""What a campaign starts with: whether a change is its trigger, and what the customer draws."""

from __future__ import annotations

from scoring.campaigns import chance
from scoring.campaigns.model import Campaign, Entered
from scoring.engine.changes import DEADLINE, EVENT, LATE_EVENT
from scoring.engine.steps import ENTERED, MOVED, Entry

#: A customer's id, as text or as the key's UTF-8; None where no driver gave it.
CustomerId = str | bytes | None

#: Places in a change entry.
SEGMENT, KIND, FROM, TO, AT, CAUSE, NUMBER, READ = range(1, 9)
#: Changes by these causes start campaigns.
_STARTING = frozenset({EVENT, DEADLINE, LATE_EVENT})


def starts(campaign: Campaign, change: Entry) -> bool:
    """Is this change of the trigger's segment the trigger?"""
    trigger = campaign.trigger
    if change[CAUSE] not in _STARTING:
        return False
    if isinstance(trigger, Entered):
        return bool(change[KIND] == ENTERED)
    if change[KIND] != MOVED or change[TO] not in trigger.to:
        return False
    return trigger.origin is None or change[FROM] in trigger.origin


def lot(campaign: Campaign, customer: CustomerId) -> tuple[bool, str | None]:
    """(is held out, variant). Raises ValueError where the customer's id is needed and not known."""
    if not campaign.hold_out and not campaign.variants:
        return False, None
    if customer is None:
        raise ValueError(f"campaign {campaign.name} has a hold-out or variants: the driver must give the customer's id")
    key = customer if isinstance(customer, bytes) else customer.encode("utf-8", "surrogatepass")
    if chance.held_out(key, campaign.name, campaign.hold_out):
        return True, None
    return False, chance.variant(key, campaign.name, campaign.variants)
