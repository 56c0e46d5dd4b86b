"""Ids are the standard's, whatever they name."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from scoring.ids import CHANGES, MESSAGES, uuid5


@given(st.text(max_size=300))
def test_as_the_standard_library_makes_them(name: str) -> None:
    for namespace, urn in ((CHANGES, "urn:gedrag:segment-change"), (MESSAGES, "urn:gedrag:message")):
        assert uuid5(namespace, name) == str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, urn), name))
