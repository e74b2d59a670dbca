"""`$filters * 4` and nothing more: what it comes to, and that no text does anything but that or say what is wrong."""

import re

import pytest
from cases import each
from hypothesis import example, given, strategies as st

from cnncli.spec.graph.expressions import (
    LARGEST,
    MAX_DEPTH,
    MAX_LENGTH,
    ExpressionError,
    is_expression,
    read_expression,
)

LANGUAGE = "expected numbers, $parameters, +, -, *, /, //, % and parentheses"
VALUES = {"filters": 64, "strides": 2, "rate": 0.5, "act": "relu", "flag": True, "none": None, "huge": 10**30}


def value(text):
    return read_expression(text).value(VALUES)


@each(
    "text, expected",
    [
        ("$filters", 64), ("$filters * 4", 256), ("$filters//2", 32), ("$filters / 2", 32), ("-$strides", -2),
        ("$filters / 3 * 3", 64.0), ("$strides + 3 * 2", 8), ("($strides + 3) * 2", 10), ("10 - 4 - $strides", 4),
        ("64 // $strides // 4", 8),
        ("2 * - $strides", -4), ("--$strides", 2), ("- ( $strides - 5 ) % 2", 1), ("$filters % 7", 1),
        ("1e-3 * $strides", 0.002),
        (".5 * $filters", 32.0), ("2. * $strides", 4.0), ("($act)", "relu"), ("$none", None), (" $huge ", 10**30),
        ("$filters * 3 // 2 + $strides % 2 - 1", 95), ("(" * 20 + "$strides" + ")" * 20 + "*3", 6),
    ],
)  # fmt: skip
def test_it_comes_to(text, expected):
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@each(
    "text, message",
    [
        ("$", "a '$' is followed by the name of a parameter"),
        ("$3", "a '$' is followed by the name of a parameter"),
        ("$filters *", LANGUAGE),
        ("* $filters", LANGUAGE),
        ("$filters ** 2", LANGUAGE),
        ("$filters $strides", LANGUAGE),
        ("$filters$strides", LANGUAGE),
        ("1 2 * $filters", LANGUAGE),
        ("+$filters", LANGUAGE),
        ("($filters", LANGUAGE),
        ("$filters)", LANGUAGE),
        ("$filters(1)", LANGUAGE),
        ("()", LANGUAGE),
        ("$filters.real", "'.' has no meaning here"),
        ("$filters.__class__", "'.' has no meaning here"),
        ("abs($filters)", "'a' has no meaning here"),
        ("[$filters]", "'[' has no meaning here"),
        ("$filters < 3", "'<' has no meaning here"),
        ("$filters\x00", "has no meaning here"),
        ("$filters + ٣", "'٣' has no meaning here"),
        ("$filters // ($strides - 2)", "divides by zero"),
        ("$filters / 0.0", "divides by zero"),
        ("$filters % 0", "divides by zero"),
        ("$act * 2", "calculates with $act, which is 'relu', not a number"),
        ("2 + $flag", "calculates with $flag, which is true, not a number"),
        ("-$none", "calculates with $none, which is nothing, not a number"),
        ("$huge + 1", "leads to a number above"),
        ("$filters * 1e300", "leads to a number above"),
        ("$filters * 1e999", "leads to a number above"),
        ("1 / 1e-320 * $filters", "leads to a number above"),
        ("9" * 60 + "*$filters" + "*9999999" * 15, "leads to a number above"),
        ("$filters" + "*9" * 100, f"has at most {MAX_LENGTH} characters, not 208"),
        ("(" * 21 + "$filters" + ")" * 21, f"nested deeper than {MAX_DEPTH} parentheses"),
    ],
)
def test_it_says_what_is_wrong(text, message):
    with pytest.raises(ExpressionError) as caught:
        value(text)
    assert message in str(caught.value)


def test_text_with_a_dollar_is_an_expression_and_nothing_else_is():
    assert [is_expression(each) for each in ("$a", "a$", "relu", 3, None, ["$a"])] == [True, True, *[False] * 4]


def test_the_parameters_in_it_are_named_once():
    assert read_expression("$b * ($a + $b) // $a").names == ("b", "a")


@given(st.text(max_size=220))
@example("$" * 200)
@example("(" * 200)
@example("-" * 199 + "1")
@example("1" * 200)
@example("٣$filters")
def test_any_text_has_a_value_or_a_sentence(text):
    check(text)


pieces = st.sampled_from(
    [
        "$filters",
        "$strides",
        "$rate",
        "$act",
        "$unknown",
        "1",
        "0",
        "2.5",
        "1e9",
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "(",
        ")",
        " ",
    ]
)


@given(st.lists(pieces, max_size=30).map("".join))
def test_any_row_of_signs_has_a_value_or_a_sentence(text):
    check(text)


def check(text):
    """Where it has a value, Python says the same of the same arithmetic."""
    try:
        expression = read_expression(text)
        found = expression.value(VALUES) if set(expression.names) <= VALUES.keys() else "unknown"
    except ExpressionError:
        return
    if isinstance(found, int | float):
        assert found == eval(re.sub(r"\b0+(?=\d)", "", text.strip().replace("$", "")), {}, dict(VALUES))
        assert abs(found) <= LARGEST
