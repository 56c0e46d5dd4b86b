"""A state with damage in a part that is read only when it is needed."""

from __future__ import annotations

import pytest

from scoring.state import decode, encode
from streams.customers import draft
from streams.customers.changelog import COMPRESSED, SIZE, body
from streams.kafka.errors import Fatal
from tests.fuzz.in_process import Line
from tests.fuzz.mutator import Input

NOW = 1_767_225_600_000


def cart_event(line: Line, ts: int, action: bytes) -> Input:
    record = Input(1, b"c1", b'{"customer_id":"c1","ts":%d,"action":"%s","product_id":"p"}' % (ts, action), ts, [])
    line.place(record)
    return record


@pytest.mark.parametrize("cut", [1, 20, 60])
@pytest.mark.parametrize("large", [True, False])
def test_nor_does_it_go_on_with_a_state_that_is_cut_off(large: bool, cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft, "LARGE", 0 if large else 10_000)
    line = Line()
    line.start(NOW - 1_000)
    line.take([cart_event(line, NOW, b"add")], NOW + 1)
    assert (line.partition.states[b"c1"][0] == COMPRESSED) is large
    line.partition.states[b"c1"] = line.partition.states[b"c1"][:-cut]
    with pytest.raises(Fatal, match="the state of customer b'c1' cannot be read"):
        line.take([cart_event(line, NOW + 10, b"remove")], NOW + 11)


@pytest.mark.parametrize("field", ["cart", "cart_log", "history"])
def test_it_stops_with_the_customer_s_name_instead_of_an_empty_cart(field: str) -> None:
    line = Line()
    line.start(NOW - 1_000)
    line.take([cart_event(line, NOW, b"add")], NOW + 1)
    stored = line.partition.states[b"c1"]
    state = decode(body(stored))
    assert isinstance(getattr(state, field), bytes)
    setattr(state, field, b"\xc1")
    line.partition.states[b"c1"] = stored[:SIZE] + encode(state)
    with pytest.raises(Fatal, match="the state of customer b'c1' cannot be read"):
        line.take([cart_event(line, NOW + 10, b"remove")], NOW + 11)
        line.take([], NOW + 40 * 86_400_000)
