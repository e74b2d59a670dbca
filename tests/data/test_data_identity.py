"""Hashes of images, and the groups of those that are the same."""

import doctest
import hashlib

import numpy as np
import pytest
from picture_files import put, tree_hash

from cnncli.data import identity
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.identity import DuplicateGroup, fingerprint, identical_across
from cnncli.data.samples import FileSamples, Samples
from cnncli.errors import DataError


def files(root, *names: str) -> FileSamples:
    return FileSamples(root, names, np.zeros(len(names), np.int64), InputFormat(4, 4, 1))


def test_the_bytes_of_a_file_are_what_counts(tmp_path):
    names = [f"{number}.png" for number in range(60)]
    put(tmp_path, *names)
    (tmp_path / "copy of 7.jpg").write_bytes((tmp_path / "7.png").read_bytes())
    before = tree_hash(tmp_path)
    hashes = fingerprint(files(tmp_path, *names, "copy of 7.jpg"))
    assert len(set(hashes)) == 60
    assert hashes[60] == hashes[7]
    assert hashes[3] == hashlib.blake2b((tmp_path / "3.png").read_bytes(), digest_size=16).hexdigest()
    assert hashes == fingerprint(files(tmp_path, *names, "copy of 7.jpg"))
    assert tree_hash(tmp_path) == before


def test_large_files_count_to_their_end(tmp_path):
    for name, last in (("a", b"a"), ("b", b"b")):
        (tmp_path / name).write_bytes(bytes(3_000_000) + last)
    first, second = fingerprint(files(tmp_path, "a", "b"))
    assert first != second
    assert first == hashlib.blake2b(bytes(3_000_000) + b"a", digest_size=16).hexdigest()


def test_the_pixels_of_an_array_are_what_counts():
    images = np.zeros((4, 3, 3, 1), np.uint8)
    images[1, 2, 2] = images[3, 2, 2] = 1
    first, second, third, fourth = fingerprint(Samples.numbered(images, np.arange(4)))
    assert first == third != second == fourth


def test_a_file_that_is_gone_is_named(tmp_path):
    put(tmp_path, "1.png")
    with pytest.raises(DataError, match=r"2\.png does not exist"):
        fingerprint(files(tmp_path, "1.png", "2.png"))


def test_no_images_have_no_hashes(tmp_path):
    assert fingerprint(files(tmp_path)) == ()


def test_groups_within_and_across_splits():
    groups = identical_across({"train": ["a", "b", "c", "b"], "validation": ["d"], "test": ["c", "e", "a"]})
    assert groups == (
        DuplicateGroup((("train", 0), ("test", 2))),
        DuplicateGroup((("train", 1), ("train", 3))),
        DuplicateGroup((("train", 2), ("test", 0))),
    )
    assert [group.splits for group in groups] == [("train", "test"), ("train",), ("train", "test")]


def test_different_images_are_in_no_group():
    assert identical_across({"train": ["a", "b"], "test": ["c"]}) == ()


def test_the_example_is_true():
    assert doctest.testmod(identity).attempted == 1
    assert doctest.testmod(identity).failed == 0
