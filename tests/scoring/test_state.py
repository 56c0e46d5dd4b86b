"""The stored value: it comes back as it was, older ones are read, newer and broken ones are refused."""

from __future__ import annotations

import msgspec
import pytest

from scoring.events.wire import CONSENTS, PROFILE_FIELDS
from scoring.packed import FIELDS
from scoring.state import VERSION, Customer, StateFromTheFuture, cart_log_of, create, decode, encode, history_of, profile_of

#: As the first release wrote it, cut before the fields that came after `h0`: a release without them.
SHORT = msgspec.msgpack.encode([1, 7, 1_000, 2_000, 500, 0])


def test_comes_back_as_it_was() -> None:
    state = create(1_767_225_600_000)
    state.cart = {"p": [1500, "0.125"]}
    state.event_ids = b"x" * 15
    state.history = {0: [1, 2, None]}
    assert decode(encode(state)) == state


@pytest.mark.parametrize("visit_end", [None, -1, 0, 1, 1_767_225_600_000])
@pytest.mark.parametrize("last_view", [None, -1, 0, 1, 1_767_225_600_000])
@pytest.mark.parametrize("warm_at", [-1, 0, 1, 1_767_225_600_000])
def test_instants_that_are_the_same(visit_end: int | None, last_view: int | None, warm_at: int) -> None:
    state = Customer(visit_end=visit_end, last_view=last_view, warm_at=warm_at)
    again = decode(encode(state))
    assert again == state
    assert again.last_view is not True and again.warm_at is not True


def test_a_cart_s_log_comes_back_in_order_also_as_version_1_had_it() -> None:
    log = [[14_137_804_800_000 + n, "a", f"p{n}", 1000, None] for n in (1, 1, 9, 88_000_000)]
    state = Customer(cart_log=[list(each) for each in log])
    assert cart_log_of(decode(encode(state))) == log
    assert cart_log_of(Customer(cart_log=msgspec.msgpack.encode(log))) == log


@pytest.mark.parametrize("bit", [0, 62, 63, 64, 200])
def test_masks_of_any_width(bit: int) -> None:
    state = Customer(members=1 << bit, holding=1 << bit)
    again = decode(encode(state))
    assert (again.members, again.holding) == (1 << bit, 1 << bit)
    assert state.members == 1 << bit, "encoding leaves the state as it was"


def test_a_value_of_an_older_release_with_fewer_fields() -> None:
    state = decode(SHORT)
    assert (state.version, state.definitions, state.at, state.due, state.first_seen) == (1, 7, 1_000, 2_000, 500)
    assert state.cart is None and state.order_count == 0 and state.last_view is None


def test_a_value_of_a_newer_release_with_more_fields_of_this_version() -> None:
    fields = msgspec.msgpack.decode(encode(create(5)))
    assert decode(msgspec.msgpack.encode([*fields, "new"])).first_seen == 5


def test_a_value_of_a_newer_version_is_refused_with_the_remedy() -> None:
    state = create(5)
    state.version = VERSION + 1
    with pytest.raises(StateFromTheFuture, match="install a newer release"):
        decode(msgspec.msgpack.encode(state))


@pytest.mark.parametrize("value", [b"", b"\xc0", b"{}", msgspec.msgpack.encode(["1"]), SHORT[:-1]])
def test_what_is_no_state_is_refused(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(value)


@pytest.mark.parametrize("records", [
    [], [(3, 1, 500, None)], [(0, 1, 500, None), (2, 1, 500, None), (70, 1, 500, None)],
    [(0, 1, 500, None), (1, 2, 900, 700), (2, 1, 500, None), (4, 3, 800, 800), (5, 1, 600, None), (6, 2, 300, None)],
])  # fmt: skip
def test_a_history_comes_back(records: list[tuple[int, ...]]) -> None:
    history = {index: [*record] for index, *record in records}
    assert history_of(decode(encode(Customer(history=dict(history))))) == history


def test_a_profile_comes_back_in_fewer_bytes_also_as_version_2_had_it() -> None:
    profile = {
        "email": [1_767_225_600_000, "kim@example.org"], "consent.email": [1_767_225_600_000, True], "traits.size": [-5, {"eu": 42}],
        "city": [1_767_225_600_001, None],
    }  # fmt: skip
    state = Customer(profile={field: list(entry) for field, entry in profile.items()})
    assert profile_of(decode(encode(state))) == profile
    old = msgspec.msgpack.encode(profile)
    assert profile_of(Customer(profile=old)) == profile and isinstance(state.profile, bytes) and len(state.profile) < len(old) - 30


def test_the_numbers_of_fields_are_for_ever() -> None:
    assert (FIELDS[0], FIELDS[4], FIELDS[16], len(FIELDS)) == ("email", "country", "consent.profiling", 17)
    assert set(FIELDS) == {*PROFILE_FIELDS, *(f"consent.{name}" for name in CONSENTS)}
