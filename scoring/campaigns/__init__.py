"""Campaigns: from a change of membership to the decision to send a message, or why not."""
