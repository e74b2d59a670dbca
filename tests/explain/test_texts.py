"""Our own texts: about things that exist, complete, right in every number, and our own."""

import math
import re

import pytest
from cases import each

from cnncli.catalog import FAMILIES, docstring, parse as parse_entry, signature
from cnncli.explain.docstrings import without_markdown
from cnncli.explain.search import canonical, find
from cnncli.explain.texts import EVERY, FOLDER, GLOSSARY, KEY, SELDOM, pages, parse, plain
from cnncli.explain.topics import BESIDE_SCHEMA, KERAS, families, is_ours, names, topic
from cnncli.spec import parse as parse_spec
from cnncli.spec.reader import Document, read

# What a person who trains convolutional networks asks about must be in our own words.
EXPECTED = {
    "layer": (
        "Conv2D SeparableConv2D DepthwiseConv2D Conv2DTranspose MaxPooling2D AveragePooling2D "
        "GlobalAveragePooling2D GlobalMaxPooling2D AdaptiveAveragePooling2D AdaptiveMaxPooling2D "
        "BatchNormalization LayerNormalization GroupNormalization Dropout SpatialDropout2D GaussianNoise "
        "Dense Flatten Reshape Activation ReLU LeakyReLU PReLU ELU Softmax Add Concatenate Average Maximum "
        "Minimum Multiply Subtract UpSampling2D ZeroPadding2D Cropping2D Identity"
    ),
    "optimizer": ("SGD Adam AdamW RMSprop Nadam Lion Adagrad Adadelta Adamax Lamb"),
    "loss": (
        "SparseCategoricalCrossentropy CategoricalCrossentropy CategoricalFocalCrossentropy "
        "BinaryCrossentropy BinaryFocalCrossentropy KLDivergence MeanSquaredError MeanAbsoluteError "
        "CategoricalHinge"
    ),
    "metric": (
        "accuracy CategoricalAccuracy SparseCategoricalAccuracy TopKCategoricalAccuracy Precision Recall F1Score AUC"
    ),
    "activation": ("relu leaky_relu elu selu gelu silu sigmoid softmax tanh softplus linear"),
    KEY: (
        "train.batch_size train.epochs train.precision train.class_weight train.sampling train.monitor "
        "data.standardize data.scale data.split.validation augment"
    ),
    **{
        family: " ".join(FAMILIES[family])
        for family in ("schedule", "callback", "initializer", "regularizer", "constraint", "augmentation")
    },
}

PAGES = [(family, name) for family in families() for name in pages(family)]
OURS = [(family, name) for family, name in PAGES if name not in (EVERY, SELDOM)]


def title(pair):
    return ":".join(pair)


def words_of_page(family, name):
    page = pages(family)[name]
    return [*page.paragraphs, *page.arguments.values()]


@each("family", EXPECTED)
def test_what_people_ask_about_is_in_our_own_words(family):
    assert [name for name in EXPECTED[family].split() if not is_ours(family, name)] == []


def test_every_folder_is_a_family_and_every_file_is_read():
    assert {folder.name for folder in FOLDER.iterdir()} <= set(families())
    assert all(parse(file.read_text("utf-8")) for file in FOLDER.rglob("*") if file.is_file())


def test_no_page_is_written_twice():
    for family in families():
        titles = [line for file in (FOLDER / family).glob("*.md") for line in file.read_text("utf-8").splitlines()]
        titles = [line for line in titles if line.startswith("# ")]
        assert len(titles) == len(set(titles)), family


@each("pair", OURS, title)
def test_a_page_is_about_something_that_there_is(pair):
    family, name = pair
    assert name in names(family)
    assert topic(family, name).paragraphs


def test_keys_beside_the_schema_have_a_page():
    assert all(is_ours(KEY, name) for name in BESIDE_SCHEMA)


@each("pair", [pair for pair in OURS if pair[0] not in (KEY, GLOSSARY, "activation")], title)
def test_a_page_explains_all_arguments_that_there_are_and_no_other(pair):
    assert set(pages(pair[0])[pair[1]].arguments) <= set(signature(*pair))
    assert [argument.name for argument in topic(*pair).arguments if argument.source == KERAS] == []


@pytest.mark.parametrize("family", [family for family in families() if {EVERY, SELDOM} & set(pages(family))])
def test_an_argument_that_many_have_is_had_by_some(family):
    had = {key for name in names(family) for key in signature(family, name)}
    for page in (EVERY, SELDOM):
        if page in pages(family):
            assert set(pages(family)[page].arguments) <= had


def test_pages_without_arguments_explain_none():
    assert [
        pair for pair in OURS if pair[0] in (KEY, GLOSSARY, "activation") and pages(pair[0])[pair[1]].arguments
    ] == []


KNOWN = {name: getattr(math, name) for name in ("exp", "sqrt", "tanh", "ceil", "erf", "pi")} | {
    "ln": math.log, "min": min, "max": max
}  # fmt: skip


def equations(family, name):
    """Every `2 * 3 = 6` of a page."""
    for words in words_of_page(family, name):
        yield from re.findall(r"`([^`]+) = ([^`]+)`", words)


@each("pair", [pair for pair in PAGES if any(equations(*pair))], title)
def test_every_equation_is_right_to_its_last_digit(pair):
    for left, right in equations(*pair):
        number = right.replace(",", "")
        digits = len(number.partition(".")[2])
        assert abs(eval(left, {}, KNOWN) - float(number)) <= 0.5 * 10**-digits * (1 + 1e-9), f"{left} = {right}"


def test_there_are_equations_and_a_wrong_one_is_seen():
    assert sum(len(list(equations(*pair))) for pair in PAGES) > 50
    assert list(re.findall(r"`([^`]+) = ([^`]+)`", "it is `2 * 3 = 7` so")) == [("2 * 3", "7")]


def test_the_usage_of_a_layer_is_one():
    for family, name in OURS:
        if family == "layer" and (usage := pages(family)[name].usage):
            problems = []
            assert parse_entry("layer", read(usage, name).value, (), problems).name == name
            assert problems == []


SPEC = """
data: {source: mnist}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
train: {loss: CategoricalCrossentropy}
"""


@each("pair", [pair for pair in OURS if pair[0] != "layer" and pages(pair[0])[pair[1]].usage], title)
def test_a_usage_is_part_of_a_spec(pair):
    family, name = pair
    usage = pages(family)[name].usage
    whole = read(SPEC, "spec").value
    for key, value in read(usage, name).value.items():
        kept = whole.get(key, {}) if key == "train" and family not in ("loss", "metric", KEY) else {}
        whole[key] = {**kept, **value} if isinstance(value, dict) else value
    parse_spec(Document("spec", whole))
    assert name.rpartition(".")[2] in usage or name in usage


@each("pair", OURS, title)
def test_a_usage_fits_a_terminal(pair):
    assert max(map(len, pages(pair[0])[pair[1]].usage.splitlines() or [""])) <= 78


def runs(text, length=8):
    """Every sequence of this many words in a text."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def test_our_words_are_not_keras():
    keras = set()
    for family in FAMILIES:
        for name in FAMILIES[family]:
            if name != "ImageDataGenerator":  # whose words are ours as well
                keras |= runs(without_markdown(docstring(family, name)))
    assert len(keras) > 10_000
    shared = {(*pair, " ".join(run)) for pair in PAGES for text in words_of_page(*pair) for run in runs(text) & keras}
    assert shared == set()


def test_a_page_is_read_with_paragraphs_arguments_and_usage():
    page = parse(
        "For authors.\n\n# Conv2D\n\nOne\nline.\n\nTwo `a * b = c`.\n\n- `filters`: How\n  many.\n- `strides`: Far.\n\n"
        "```yaml\nConv2D:\n\n  x: 1\n```\n\n# Flatten\n\nFlat.\n"
    )
    assert list(page) == ["Conv2D", "Flatten"]
    assert page["Conv2D"].paragraphs == ["One line.", "Two `a * b = c`."]
    assert page["Conv2D"].arguments == {"filters": "How many.", "strides": "Far."}
    assert page["Conv2D"].usage == "Conv2D:\n\n  x: 1"
    assert page["Flatten"].usage == ""


def test_words_are_shown_without_markdown():
    assert plain("`same` and `2 * 3 ** 2 = 18`") == "'same' and 2·3^2 = 18"


def test_a_title_of_the_glossary_lists_synonyms():
    assert parse("# overfitting, overfit\n\nToo much.\n")["overfitting"].synonyms == ("overfit",)


def test_each_word_of_the_glossary_has_one_page_and_finds_it():
    words = [word for name, page in pages(GLOSSARY).items() for word in (name, *page.synonyms)]
    spelt = [canonical(word) for word in words]
    assert [word for word, spelling in zip(words, spelt, strict=True) if spelt.count(spelling) > 1] == []
    assert [word for word in words if find(word).topics[0].family != GLOSSARY] == []


def test_what_the_glossary_refers_to_can_be_explained():
    for page in pages(GLOSSARY).values():
        if page.paragraphs[-1].startswith("See "):
            for name in re.findall("`([^`]+)`", page.paragraphs[-1]):
                assert find(name)
