"""Counts, sizes, shapes and values as text, and the nearest word."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncli.wording import (
    by_suffix,
    counted,
    decimal_text,
    dimensions,
    duration_text,
    in_shell,
    near_word,
    nearest,
    percentage,
    shown,
    size_text,
)


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "layer", "1 layer"),
        (2, "layer", "2 layers"),
        (0, "class", "0 classes"),
        (2, "boundary", "2 boundaries"),
        (1, "class", "1 class"),
        (3, "loss", "3 losses"),
        (2, "batch", "2 batches"),
        (2, "epoch", "2 epochs"),
        (2, "box", "2 boxes"),
        (2, "key", "2 keys"),
        (54000, "image", "54,000 images"),
    ],
)
def test_counts(number, noun, text):
    assert counted(number, noun) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (3 << 19, "1.5 MiB"),
        (1_181_116_006, "1.1 GiB"),
        (5 << 50, "5,120.0 TiB"),
    ],
)
def test_sizes(size, text):
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("part", "whole", "digits", "text"),
    [
        (65, 68, 2, "95.59 %"),
        (2, 3, 2, "66.67 %"),
        (1, 2, 1, "50.0 %"),
        (99_999, 100_000, 2, "99.99 %"),
        (1, 100_000, 2, "0.01 %"),
        (1999, 2000, 1, "99.9 %"),
        (49, 50, 1, "98.0 %"),
        (7, 7, 1, "100 %"),
        (0, 7, 1, "0 %"),
    ],
)
def test_shares_are_rounded_and_only_all_is_a_hundred(part, whole, digits, text):
    assert percentage(part, whole, digits) == text


def test_dimensions():
    assert dimensions((28, 28, 1)) == "28×28×1"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        ("ten", "'ten'"),
        (10, "10"),
        ({"a": 1}, "a mapping"),
        ({}, "an empty mapping"),
        ([1, "a", None], "[1, 'a', nothing]"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, …]"),
    ],
)
def test_values(value, text):
    assert shown(value) == text


def test_a_long_value_is_shortened():
    assert len(shown("a" * 500)) == 60
    assert shown("a" * 500).endswith("…")


def test_the_nearest_word():
    assert near_word("kernal_size", ["filters", "kernel_size"]) == "kernel_size"
    assert near_word("ADAM", ["SGD", "Adam"]) == "Adam"
    assert near_word("xyz", ["SGD", "Adam"]) is None
    assert nearest("epoch", ["epochs", "seed"]) == "; did you mean 'epochs'?"
    assert nearest("xyz", ["epochs", "seed"]) == ""


def test_files_are_counted_by_suffix():
    assert by_suffix(["a.qoi", "b.JPG", "c/d.jpg", "e"]) == "2 .jpg, 1 .qoi, 1 without a suffix"
    assert by_suffix(f"{n}.{n}" for n in range(12)).endswith(", 2 others")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4212, "0.42 s"),
        (9.04, "9 s"),
        (9.7, "10 s"),
        (42.4, "42 s"),
        (59.7, "1 min"),
        (245, "4 min 5 s"),
        (600, "10 min"),
        (3599.7, "1 h"),
        (7800, "2 h 10 min"),
        (180_000, "50 h"),
    ],
)
def test_durations_are_written_in_the_two_largest_units(seconds, text):
    assert duration_text(seconds) == text


@pytest.mark.parametrize(("number", "text"), [(4.74, "4.7"), (38.0, "38"), (1200, "1,200"), (0.04, "0")])
def test_decimals_are_short(number, text):
    assert decimal_text(number) == text


@pytest.mark.parametrize(
    ("path", "text"),
    [("photos", "photos"), (Path("my photos"), "'my photos'"), ("it's", "'it'\"'\"'s'"), ("a;b", "'a;b'")],
)
def test_a_path_in_a_command_can_be_copied(path, text):
    assert in_shell(path) == text
