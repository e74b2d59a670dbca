"""Any text, values or overrides: a Spec, or problems with their places. Any name: nothing that moves the cursor."""

from __future__ import annotations

import random
import unicodedata

from fuzz_reader import judge, mutated, seeds
from hypothesis import HealthCheck, example, given, settings, strategies as st

from cnncli.catalog.names import FAMILIES
from cnncli.cli.terminal import console
from cnncli.errors import Place, Problem, SpecError
from cnncli.spec import parse
from cnncli.spec.reader import Document
from cnncli.spec.schema import sections

ORIGINALS = seeds()
GOOD = ORIGINALS[0]
LAYERS = FAMILIES["layer"]

quick = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(st.integers(0, 2**32), st.sampled_from(ORIGINALS))
def test_any_change_of_a_shipped_spec_gives_a_spec_or_located_problems(seed, text):
    judge(mutated(text, random.Random(seed)))


keys = [key for section in sections().values() for key in section.spec_keys()]
words = st.sampled_from(
    [
        *keys,
        *LAYERS,
        "mnist",
        "folder",
        "path",
        "adam",
        "classes",
        "$x",
        "input",
        "name",
        "inputs",
        "repeat",
        "layers",
    ]
)
scalars = st.one_of(
    words,
    st.none(),
    st.booleans(),
    st.integers(-5, 300),
    st.integers(-(10**40), 10**40),
    st.floats(),
    st.text(max_size=8),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=4)
)
layers = st.lists(st.dictionaries(st.sampled_from(LAYERS), values, min_size=1, max_size=2) | values, max_size=5)


@quick
@given(values, layers, st.dictionaries(words, values, max_size=3), values)
@example("mnist", [{"Flatten": {}}, {"Dense": {"units": 10**40}}], {}, {})
@example("mnist", [{"Dense": {"units": float("nan")}}], {"epochs": float("inf")}, None)
def test_any_values_give_a_spec_or_problems_with_their_keys(source, of_model, train, more):
    spec = {"data": {"source": source}, "model": {"layers": of_model}, "train": train, "augment": more}
    try:
        parse(Document("a.yaml", spec))
    except SpecError as error:
        problems = error.problems
        assert problems
        assert all(problem.path and problem.message.encode() for problem in problems)


parts = st.sampled_from(
    [
        "train",
        "epochs",
        "model",
        "layers",
        "0",
        "[0]",
        "[99]",
        "[x]",
        ".",
        "..",
        "=",
        "5",
        "Dense",
        "units",
        "²",
        "data",
    ]
) | st.text(max_size=4)


@quick
@given(st.lists(st.lists(parts, max_size=8).map(".".join) | st.text(max_size=20), max_size=4))
@example(["model.layers[1].Dense.units=5", "=", "a=*b", "[0]=1"])
@example(["model.layers[" + "9" * 5000 + "]=1"])
@example(["a" + ".a" * 3000 + "=1"])
def test_any_overrides_give_a_spec_or_located_problems(overrides):
    judge(GOOD, tuple(overrides))


any_text = st.text(st.characters(codec=None) | st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=40)


def is_harmless(text: str) -> bool:
    """Whether nothing in it moves the cursor, changes colours or turns the direction of reading."""
    direction = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in direction for letter in text)


@given(any_text)
@example("\x1b[31m\x07\r\n\t\u202e\ud800\x9b2J\u2028")
def test_any_name_is_harmless_on_one_line(text):
    assert is_harmless(console.one_line(text))
    assert is_harmless(console.printable(text).replace("\n", "").replace("\t", ""))


@given(any_text.filter(is_harmless))
def test_what_is_harmless_is_not_changed(text):
    if "\ufeff" not in text:
        assert console.one_line(text) == text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(any_text, any_text)
@example("[bold red]x[/]", "=1+1")
def test_any_name_survives_being_printed(capsys, name, message):
    console.say(name)
    console.show_table((name, "b"), [(name, message)])
    console.show_problems([Problem((name, 0), message, Place(name, 1, 1))], name)
    shown = capsys.readouterr()
    assert is_harmless((shown.out + shown.err).replace("\n", "").replace("\t", ""))
    if name.isalnum() and len(name) < 30:
        assert name in shown.out
