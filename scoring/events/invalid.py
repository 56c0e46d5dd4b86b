"""What is said of an event that is not valid."""

from __future__ import annotations


class Invalid(ValueError):
    """An event that is refused: `error` is a short code for machines, `detail` a sentence naming the field and what is allowed.

    Codes: no_value, not_json, not_an_object, missing_field, wrong_type, out_of_range, too_long, bad_ts, future_ts, unknown_action,
    unknown_type, unknown_status, unknown_kind, contradiction, key_mismatch, currency.
    """

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(error, detail)
        self.error = error
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.error}: {self.detail}"


def shown(value: object) -> str:
    """A value as it may stand in a sentence: escaped, on one line, at most about sixty characters."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:40] + "…" + text[-12:]
