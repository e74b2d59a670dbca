"""`cnncli explain` on the screen, in a pipe and as JSON."""

import json
import re

import pytest

from cnncli.explain.topics import KERAS, families, names, topic


def test_a_layer_is_explained_with_its_arguments_and_how_it_is_written(call):
    shown = call("explain", "Conv2D")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert lines[0] == "Conv2D   layer"
    assert "  filters   required" in lines
    assert "  strides   default [1, 1]" in lines
    assert "Takes a whole number of 1 or more or a list of 2 numbers." in " ".join(shown.out.split())
    assert "Like every layer of a spec it also takes name, inputs and repeat." in lines
    assert lines[-2:] == ["In a spec", "  Conv2D: {filters: 64, kernel_size: 3}"]
    assert "Like every layer" not in call("explain", "Adam").out


def test_an_argument_is_explained_alone(call):
    out = call("explain", "conv2d.padding").out
    assert out.startswith("Conv2D.padding   layer\n")
    assert "Takes one of valid, same; default valid." in out


def test_a_bare_argument_is_explained_for_each_owner(call):
    lines = call("explain", "rate").out.splitlines()
    assert lines[0] == "rate   argument"
    assert "  of layers: Dropout" in lines
    assert "  of layers: SpatialDropout2D" in lines


def test_a_name_of_several_words_needs_no_quotes(call):
    assert call("explain", "receptive", "field").out == call("explain", "receptive field").out


def test_texts_of_keras_are_marked_as_such(call):
    name = next(name for name in names("layer") if topic("layer", name).source == KERAS)
    assert call("explain", name).out.startswith(f"{name}   layer, from the Keras documentation\n")


def test_every_name_is_listed_by_kind_and_a_family_says_what_each_is(call):
    listed = call("explain", "--list").out
    assert call("explain").out == listed
    assert "layers that are whole networks\n" in listed
    assert (call("explain", "--list", "Conv2D").code, call("explain", "--list", "--json").code) == (2, 0)
    for family in families():
        for name in names(family):
            assert re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", " ".join(listed.split())), name
    assert "\nlosses\n  SparseCategoricalCrossentropy\n" in call("explain", "losses").out
    assert "train.loss" in call("explain", "loss").out  # a key of the spec and a family


@pytest.mark.parametrize("family", families())
def test_every_topic_of_a_family_fits_80_columns_of_plain_text(call, family):
    """Tables are not wrapped where the output is not a terminal."""
    for name in names(family):
        shown = call("explain", f"{family}:{name}")
        assert (shown.code, shown.err) == (0, ""), name
        long = [line for line in shown.out.splitlines() if len(line) > 80]
        assert [line for line in long if "http" not in line] == [], name
        assert not re.search(r"[\x1b`]|[│─┌]", shown.out), name


def test_json_has_everything_that_the_text_shows(call):
    explained = json.loads(call("explain", "Conv2D", "--json").out)
    (conv,) = explained["topics"]
    assert (conv["family"], conv["name"], conv["source"]) == ("layer", "Conv2D", "cnncli")
    assert {"name": "strides", "default": "[1, 1]"}.items() <= conv["arguments"][2].items()
    bare = json.loads(call("explain", "kernel_size", "--json").out)
    assert "Conv2D" in bare["meanings"][0]["owners"]


@pytest.mark.parametrize(
    "word", [None, "losses", "Conv2D.strides", "CosineDecay", "train.epochs", "relu", "overfitting", "seed"]
)
def test_json_is_json(call, word):
    shown = call("explain", *([word] if word else []), "--json")
    assert shown.code == 0
    assert json.loads(shown.out)


def test_mistakes_are_reported_with_the_nearest_name(call):
    unknown = call("explain", "Conv2")
    assert (unknown.code, unknown.out) == (2, "")
    assert "did you mean 'Conv2D'" in unknown.err
    refused = call("explain", "Lambda")
    assert (refused.code, "cannot be used: it runs code" in refused.err) == (2, True)
    hostile = call("explain", "\x1b[31mConv2D.x" * 500)
    assert (hostile.code, "\x1b" in hostile.err) == (2, False)
