"""Patterns of groups: one group each, and none that a long name could keep busy."""

import pytest

from cnncli.spec.sections.group_pattern import MAX_LENGTH, wrong_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        r"patient_(\d+)",
        r"^(.*)_\d+\.png$",
        r"([^/]+)/[^/]*$",
        r"(?:IMG|DSC)_(\d+)_\d{3}",
        r"(?P<id>s\d+)_",
        r"(\d{1,3})-.*",
        r"(?:\d{2}_)+(x)",
        r"(?:left_)?(p\d+)",
    ],
)
def test_what_people_write_is_accepted(pattern):
    assert wrong_pattern(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("patient", "got none"),
        ("(a)(b)", "got 2; write (?:…)"),
        ("(", "not a regular expression: missing )"),
        ("", "expected a regular expression"),
        (7, "got 7"),
        (None, "got nothing"),
        ("(" + "x" * MAX_LENGTH + ")", f"at most {MAX_LENGTH}"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(pattern, words):
    assert words in wrong_pattern(pattern)


@pytest.mark.parametrize("part", ["x*", "x+?", "x{2,9}", "xa|yb"])
def test_repeats_within_repeats_are_refused(part):
    assert "could take too long" in wrong_pattern(f"(?:{part})+(z)")


def test_many_repeats_of_open_length_are_refused():
    assert wrong_pattern(r"\w*-" * 4 + "(x)") == ""
    assert "at most 4 of '*' and '+'" in wrong_pattern(r"\w*-" * 5 + "(x)")
