"""What can be set, where a value comes from, and what is said of one that is wrong.

`gedrag.toml` is overridden by `GEDRAG_…` in the environment, and that by options of the command line.
"""

from __future__ import annotations

from streams.settings.errors import SettingsError
from streams.settings.load import load
from streams.settings.model import Settings

__all__ = ["Settings", "SettingsError", "load"]
