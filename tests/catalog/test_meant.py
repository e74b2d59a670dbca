"""Arithmetic that stands where a number is due is computed for the message about it, and nothing is ever run."""

import math

import pytest
from hypothesis import given, strategies as st

from cnncli.catalog.meant import computed, meant


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/255", 0.00392157),
        ("1./4", 0.25),
        ("2**5", 32),
        ("2^5", 32),
        ("10^-3", 0.001),
        ("-(3 - 1)*4", -8),
        ("3e-4", 0.0003),
        ("1e\u22123", 0.001),
        ("32/2", 16),
        ("2**31", 2147483648),
        ("1/0", None),
        ("9**9**9", None),
        ("999999^64", None),
        ("(0-8)**0.5", None),
        ("2**-(64*64)", None),
        ("1e999", None),
        ("((", None),
        ("2(3)", None),
        ("abs(2)", None),
        ("0x10", None),
        ("1 if 1 else 2", None),
        ("", None),
        ("1+" * 200 + "1", None),
    ],
)
def test_arithmetic_has_a_value_and_anything_else_none(text, value):
    assert computed(text) == value
    assert type(computed(text)) is type(value)


@given(st.text("0123456789.eE+-*/^()%x, ;\u2212"))
def test_any_text_is_read_without_an_error(text):
    number = computed(text)
    assert number is None or math.isfinite(number)
    assert meant(text, lambda value: isinstance(value, list) and len(value) == 2)[:8] in ("", "; write ", "; a list")


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("0,5", "; write 0.5"),
        ("50 %", "; write 0.5"),
        ("'", ""),
        ("2*", ""),
        ("half", ""),
        ("150%", ""),
        ("1_0", ""),
        ("(0", ""),
    ],
)
def test_only_what_is_accepted_is_proposed(text, end):
    assert meant(text, lambda value: isinstance(value, float) and 0 < value < 1) == end
