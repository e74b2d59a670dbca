"""What the writer writes, the reader reads as the same value."""

import pytest
from cases import each
from hypothesis import given, strategies as st

from cnncli.spec import parse
from cnncli.spec.reader import read, read_value
from cnncli.spec.writer import WIDTH, flow, scalar, spec_text

AWKWARD = [
    *["no", "Yes", "null", "~", "true", "1e3", "0x1f", "1_000", "12:30", "a: b", "a #b", "#a", "-", "- a", "it's"],
    *['say "hi"', "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">", "?", "=", "<<", "", " a", "a ", "a\nb"],
    *["a\tb", "a\\b", "été", "写真", "😀", "\u2028", "\x85", "\x7f", "\ufeff", "../a b/c.png", "C:\\pictures"],
]

text = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(-1e300, 1e300) | text
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=12
)


@each("word", AWKWARD)
def test_an_awkward_word_stays_itself(word):
    assert read_value(scalar(word), "") == word
    assert read(f"classes: [{scalar(word)}, b]\n{scalar(word)}: {scalar(word)}  # c", "").value == (
        {"classes": [word, "b"], word: word}
    )


@pytest.mark.parametrize("word", ["cat", "Great Dane", "cat/1.png", "../photos", "/data/x", "Conv2D", "naïve"])
def test_a_plain_word_needs_no_quotes(word):
    assert scalar(word) == word


def test_words_of_older_yaml_are_quoted_for_other_readers():
    assert [scalar(word) for word in ("no", "On", "y")] == ['"no"', '"On"', '"y"']


@given(values)
def test_any_value_reads_back_as_itself(value):
    assert read(f"key: {flow(value)}", "").value == {"key": value}


SPEC = {
    "name": "photos",
    "data": {"source": {"folder": {"path": "my photos"}}, "classes": ["no", "1e3"], "image": {"size": [32, 48]}},
    "augment": ["AutoContrast", {"RandomFlip": {"mode": "horizontal"}}],
    "model": {
        "layers": [
            {"Conv2D": {"filters": 8, "kernel_size": 3, "kernel_initializer": {"HeNormal": {"seed": 1}},
                        "kernel_regularizer": {"L2": {"l2": 1e-05}}, "bias_initializer": "zeros", "padding": "same"}},
            "Flatten",
            {"Dense": {"units": "classes", "activation": "softmax"}},
        ]
    },
    "train": {"callbacks": [{"EarlyStopping": {"monitor": "val_loss", "patience": 3}}], "metrics": []},
}  # fmt: skip


def test_a_spec_reads_back_as_itself_in_lines_that_fit():
    written = spec_text(SPEC)
    assert read(written, "photos.yaml").value == SPEC
    assert max(map(len, written.splitlines())) <= WIDTH
    assert "    - Flatten\n    - Dense: {units: classes, activation: softmax}\n" in written
    assert "  image: {size: [32, 48]}\n" in written
    assert parse(read(written, "photos.yaml")).spec.data.classes == ["no", "1e3"]
