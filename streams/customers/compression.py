"""A large state, at rest and in the changelog, compressed: a third fewer bytes, for some seven microseconds.

States are short and all alike: what they have in common stands in a dictionary that comes with Gedrag (bench/dictionary.py makes it). A
state can be read by its own dictionary alone, so the format byte of a changelog value (changelog.py) says which, and dictionaries stay for
ever.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources

import zstandard

#: By format of a value: the dictionary of its state.
_FILES = {3: "states-1.zdict"}
#: Bytes. It would save less than 250 of a smaller one: a customer's who has just come, or is in a shop with few segments.
LARGE = 768
#: Of zstd. The levels before save a fifth less in two thirds of the time, those after it take twice the time to save 1 % more.
LEVEL = 2
_FORM = zstandard.FORMAT_ZSTD1_MAGICLESS  # states are many: without the four bytes that say what a frame is
#: Bits of a frame's first byte that none of ours has (RFC 8878, 3.1.1.1.1): a checksum, a dictionary's id, what is reserved.
_NEVER = 0x1F


def compressor(dictionary: zstandard.ZstdCompressionDict) -> Callable[[bytes], bytes]:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        LEVEL, source_size=1_024, dict_size=len(dictionary.as_bytes()), format=_FORM,
        write_content_size=1, write_checksum=0, write_dict_id=0,
    )  # fmt: skip
    return zstandard.ZstdCompressor(dict_data=dictionary, compression_params=parameters).compress


def decompressor(dictionary: zstandard.ZstdCompressionDict) -> Callable[[bytes], bytes]:
    """Its function raises zstandard.ZstdError for what is no such frame."""
    return zstandard.ZstdDecompressor(dict_data=dictionary, format=_FORM).decompress


def _dictionary(name: str) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict((resources.files("streams.customers") / "dictionaries" / name).read_bytes())


_dictionaries = {form: _dictionary(name) for form, name in _FILES.items()}
_newest = max(_dictionaries)

#: An encoded state -> a frame.
compress: Callable[[bytes], bytes] = compressor(_dictionaries[_newest])
#: By format: a frame -> an encoded state. Raise zstandard.ZstdError.
EXPAND: dict[int, Callable[[bytes], bytes]] = {form: decompressor(each) for form, each in _dictionaries.items()}


def looks_like_one(byte: int) -> bool:
    """May a frame begin with it?"""
    return not byte & _NEVER
