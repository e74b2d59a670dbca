"""Keras' docstrings as plain text."""

import re

import pytest

from cnncli.catalog import FAMILIES, signature
from cnncli.explain import docstrings
from cnncli.explain.docstrings import Docstring, read_docstring

ALL = [(family, name) for family in FAMILIES for name in FAMILIES[family] if name != "accuracy"]


@pytest.fixture
def described(monkeypatch):
    def read(text):
        monkeypatch.setattr(docstrings, "docstring", lambda family, name: text)
        return read_docstring("layer", "Any")

    return read


def test_examples_headings_and_markdown_are_removed(described):
    words = described(
        "Does a thing, see [Who, 2018](https://a.b/c).\n\nIt is `fast` and\n**small**. Computed as:\n\n"
        "```python\nx = 1\n\ny = 2\n```\n\nIt wants:\n\n- one\n  thing\n- another\n\nFor example:\n\n>>> layer()\n1\n\n"
        "More.\n\nArgs:\n    first, second: Two\n        lines.\n    third: `int`.\n        Defaults to 1.\n\n"
        "Returns:\n    nothing\n\nExample:\n\nnoise\n{{keywords}}\n"
    )
    assert words.paragraphs == (
        "Does a thing, see Who, 2018 (https://a.b/c).", "It wants:", "- one thing", "- another", "More."
    )  # fmt: skip
    assert words.arguments == {"first": "Two lines.", "second": "Two lines.", "third": "int. Defaults to 1."}


def test_an_empty_docstring_is_empty(described):
    assert described("") == Docstring()


def test_the_docstrings_of_the_installed_keras_are_read():
    read = {pair: read_docstring(*pair) for pair in ALL}
    assert [pair for pair, words in read.items() if not words.paragraphs] == []
    texts = [text for words in read.values() for text in (*words.paragraphs, *words.arguments.values())]
    assert [text for text in texts if re.search(r"```|>>>|`|\{\{|\n|\*\*[a-z]", text)] == []


def test_nearly_every_argument_is_found():
    """The others are documented in a base class, and our own texts explain them."""
    base = {"name", "trainable", "dtype", "seed", "dilation_rate", "output_padding", "ignore_class", "axis"}
    missing = {
        (family, name, key)
        for family, name in ALL
        if family not in ("activation", "optimizer")
        for key in signature(family, name)
        if not read_docstring(family, name).arguments.get(key) and key not in base
    }
    assert missing == set()
