"""The helper that tries many cases in one test."""

import pytest
from cases import each


def test_every_case_is_tried_and_all_that_fail_are_named(tmp_path):
    seen = []

    @each("left, right", [(1, 1), (2, 3), (4, 4), (5, 6)], "pair {0[0]}".format)
    def equal(left, right, folder):
        seen.append((left, folder))
        assert left == right, f"not {right}"

    with pytest.raises(AssertionError, match="not 3") as raised:
        equal(folder=tmp_path)
    assert seen == [(number, tmp_path) for number in (1, 2, 4, 5)]
    assert raised.value.__notes__[0].splitlines() == [
        "This is the first of 2 cases that fail:",
        "1 pair 2: not 3",
        "3 pair 5: not 6",
    ]


def test_an_error_that_is_not_raised_is_a_case_that_fails():
    @each("kind", [ValueError, KeyError])
    def raises(kind):
        with pytest.raises(kind, match="odd"):
            raise ValueError("odd")

    with pytest.raises(ValueError, match="odd") as raised:
        raises()
    assert raised.value.__notes__ == ["This is the first of 1 cases that fail:\n1 <class 'KeyError'>: odd"]

    @each("text", ["odd", "5"])
    def refused(text):
        with pytest.raises(ValueError, match="invalid"):
            int(text)

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE") as raised:
        refused()
    assert "1 5: DID NOT RAISE" in raised.value.__notes__[0]
