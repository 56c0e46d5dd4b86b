"""Files that can't be read at all, or not to their end: a clear error that names the file."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from streams.files import Unreadable, read_events
from tests.streams.files.writing import read, write

LINE = b'{"event_type":"page_view","customer_id":"c1","ts":1000}\n'


def why(path: Path) -> str:
    with pytest.raises(Unreadable) as refused:
        read(path)
    assert refused.value.file == str(path)
    assert str(refused.value).startswith(f"{path}: ")
    return refused.value.reason


def test_no_such_file(tmp_path: Path) -> None:
    assert "No such file" in why(tmp_path / "a.csv")


def test_a_directory(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    assert "directory" in why(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.txt", "a.json", "a", "a.gz", "a.csv.zip", "ndjson"])
def test_a_name_that_says_nothing_is_refused_before_anything_is_read(tmp_path: Path, name: str) -> None:
    good = write(tmp_path / "good.ndjson", LINE)
    bad = write(tmp_path / name, LINE)
    with pytest.raises(Unreadable, match=r"\.ndjson, \.csv, \.ndjson\.gz or \.csv\.gz"):
        next(read_events([good, bad]))


@pytest.mark.parametrize("name", ["a.NDJSON", "A.Ndjson.GZ"])
def test_capitals_in_a_name_do_not_matter(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(LINE) if name.lower().endswith(".gz") else LINE)
    assert len(read(path).events) == 1


def test_not_gzip_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(LINE)
    assert "gzip" in why(path)


def test_gzip_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson.gz"
    whole = gzip.compress(b"".join(LINE.replace(b"c1", os.urandom(8).hex().encode()) for _ in range(5000)))
    path.write_bytes(whole[: len(whole) // 2])
    assert "after line" in why(path)


def test_gzip_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson.gz"
    whole = bytearray(gzip.compress(b"".join(LINE.replace(b"c1", os.urandom(8).hex().encode()) for _ in range(5000))))
    whole[len(whole) // 2 :] = bytes(len(whole) - len(whole) // 2)
    path.write_bytes(whole)
    assert "after line" in why(path)


def test_what_came_before_the_damage_was_given(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(gzip.compress(LINE * 3) + b"rubbish")
    given = []
    with pytest.raises(Unreadable):
        for event, _ in read_events([path]):
            given.append(event)
    assert len(given) == 3


def test_progress_ends_at_the_size_of_the_files(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.ndjson", LINE * 9000), write(tmp_path / "b.ndjson.gz", LINE)]
    told: list[tuple[int, int]] = []
    list(read_events(paths, on_progress=lambda done, total: told.append((done, total))))
    size = sum(path.stat().st_size for path in paths)
    assert told[-1] == (size, size)
    assert told == sorted(told) and len(told) > 4
