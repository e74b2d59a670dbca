"""Notices are warnings of the program that calls cnncli, which may silence them."""

from __future__ import annotations

import contextlib
import warnings

import pytest

from cnncli.isolation import isolated_images
from cnncli.notices import warn

DEEP = """
def inner(levels):
    return inner(levels - 1) if levels else warn("warning: so many images")
def call(levels):
    with isolated_images():
        inner(levels)
"""


@pytest.fixture
def call():
    """A function of cnncli that gives a notice so many calls below."""
    names = {"__name__": "cnncli.pretended", "warn": warn, "isolated_images": isolated_images}
    exec(DEEP, names)
    return names["call"]


@pytest.mark.parametrize("levels", [0, 1, 7])
def test_a_notice_names_the_line_that_called_cnncli(call, levels):
    with pytest.warns(UserWarning, match="^so many images$") as caught:
        call(levels)
    assert [each.filename for each in caught] == [__file__]


@pytest.mark.parametrize(("action", "shown"), [("ignore", 0), ("error", 1), ("always", 1)])
def test_a_program_silences_notices_and_does_not_turn_them_into_errors(call, action, shown):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        call(1)
    assert len(caught) == shown


def test_filters_are_as_they_were_afterwards():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = warnings.filters[:]
        with contextlib.suppress(ValueError), isolated_images():
            raise ValueError
        assert warnings.filters == before
