"""A setting that is wrong."""

from __future__ import annotations


class SettingsError(Exception):
    """Wrong settings, all at once. `faults`: one sentence each, naming the setting, where it stands and what is allowed."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults
