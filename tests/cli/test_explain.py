"""`cnncli explain` on the screen, in a pipe and as JSON."""

import json
import re
from pathlib import Path

import pytest

from cnncli.explain.topics import families, names

MNIST = "configs/mnist.yaml"
GRAPH = """
data: {source: {folder: {path: photographs}}, image: {size: IMAGE}, classes: [cat, dog]}
model:
  blocks:
    double:
      parameters: {filters: 16}
      layers:
        - Conv2D: {filters: $filters, kernel_size: 3, padding: same, activation: relu}
        - Conv2D: {filters: $filters, kernel_size: 3, padding: same, name: main}
        - Conv2D: {filters: $filters, kernel_size: 1, inputs: input, name: shortcut}
        - Add: {inputs: [main, shortcut]}
        - ReLU
  layers:
    - double
    - double: {filters: 32}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
train: {loss: SparseCategoricalCrossentropy}
"""


@pytest.fixture
def graph(tmp_path):
    def write(image="[8, 6]"):
        file = tmp_path / "graph.yaml"
        file.write_text(GRAPH.replace("{size: IMAGE}", f"{{size: {image}}}" if image else "{}"))
        return file

    return write


def test_a_layer_is_explained_with_its_arguments_and_an_example(call):
    shown = call("explain", "Conv2D")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert lines[0] == "Conv2D   layer"
    assert "  filters   required" in lines
    assert "  strides   default [1, 1]" in lines
    assert "              3·3·32·64 + 64 = 18,496" in lines
    assert "  strides: 2       13×13×64   the same" in lines


def test_an_argument_is_explained_alone_with_what_it_changes(call):
    out = call("explain", "conv2d.padding").out
    assert out.startswith("Conv2D.padding   layer\n")
    assert "Takes one of valid, same; default valid." in out
    assert "  padding: same  28×28×64  the same" in out.splitlines()
    assert "kernel_size: 5" not in out


def test_the_example_comes_from_the_readers_spec(call):
    lines = call("explain", "Conv2D", "--config", MNIST).out.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith(f"{MNIST}:"))
    assert re.fullmatch(rf"{MNIST}:\d+: conv2d_1", lines[place])
    assert Path(MNIST).read_text().splitlines()[int(lines[place].split(":")[1]) - 1].strip().startswith("- Conv2D")
    assert lines[place + 2] == "  28×28×1 → 26×26×8"
    assert "3·3·1·8 + 8 = 80" in lines[place + 5]


def test_overrides_count(call):
    out = call("explain", "Conv2D", "--config", MNIST, "--set", "model.layers[0].Conv2D.filters=16").out
    assert "3·3·1·16 + 16 = 160" in out


def test_layers_inside_blocks_are_worked_out_where_they_are_used(call, graph):
    out = call("explain", "Conv2D", "--config", graph()).out
    assert "8×6×3 → 8×6×16" in out
    assert "3·3·16·16 + 16 = 2,320" in out
    assert "has 3 more Conv2D layers." in " ".join(out.split())
    assert "8×6×16, 8×6×16 → 8×6×16" in call("explain", "Add", "--config", graph()).out


def test_where_only_the_images_tell_the_shape_it_is_said(call, graph):
    out = call("explain", "Conv2D", "--config", graph("")).out
    assert "is not known" in out
    assert "data.image.size" in out


def test_a_spec_without_such_a_layer_is_told_of_and_the_text_has_its_own_example(call):
    out = call("explain", "GroupNormalization", "--config", MNIST).out
    assert f"{MNIST} has no GroupNormalization." in out
    assert "A worked example" in out


def test_a_schedule_and_the_batches_are_worked_out_for_the_readers_training(call):
    schedule = call("explain", "CosineDecay", "--config", MNIST).out
    assert "  step of 5,064  learning rate" in schedule.splitlines()
    assert "step of 1,000" not in schedule
    assert "54,000 training images in batches of 32 are 1,688 steps an epoch" in " ".join(
        call("explain", "batch_size", "--config", MNIST).out.split()
    )


def test_keras_words_are_marked_as_such(call):
    out = call("explain", "LSTM").out
    assert out.startswith("LSTM   layer, in Keras' own words\n")
    assert "  units *   required" in out.splitlines()
    assert "  use_bias   default true" in out.splitlines()


def test_without_a_name_everything_is_listed_and_a_family_says_what_each_is(call):
    listed = call("explain").out
    for family in families():
        for name in names(family):
            assert re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", listed), name
    losses = call("explain", "losses").out.splitlines()
    assert losses[:2] == ["losses", "  SparseCategoricalCrossentropy"]
    assert "train.loss" in call("explain", "loss").out  # a key of the spec and a family


@pytest.mark.parametrize("family", families())
def test_every_topic_of_a_family_fits_80_columns_of_plain_text(call, family):
    """What stands in tables is not wrapped where the output is no terminal."""
    for name in names(family):
        shown = call("explain", f"{family}:{name}")
        assert (shown.code, shown.err) == (0, ""), name
        long = [line for line in shown.out.splitlines() if len(line) > 80 and "cannot be" not in line]
        assert [line for line in long if "http" not in line] == [], name
        assert not re.search(r"[\x1b`]|[│─┌]", shown.out), name


def test_json_has_all_figures(call):
    found = json.loads(call("explain", "Conv2D", "--config", MNIST, "--json").out)
    (topic,) = found["topics"]
    assert (topic["family"], topic["name"], topic["source"]) == ("layer", "Conv2D", "cnncli")
    assert {"name": "strides", "default": "[1, 1]"}.items() <= topic["arguments"][2].items()
    (example,) = topic["examples"]
    assert example["given"] == [[28, 28, 1]]
    assert example["cases"][0] == {"change": "", "output": [26, 26, 8], "parameters": 80, "formula": "3·3·1·8 + 8 = 80"}


@pytest.mark.parametrize("word", [None, "losses", "Conv2D.strides", "CosineDecay", "train.epochs", "relu", "Conv1D"])
def test_json_is_json(call, word):
    shown = call("explain", *([word] if word else []), "--json", *(["--config", MNIST] if word else []))
    assert shown.code == 0
    assert json.loads(shown.out)


def test_mistakes_are_told_with_what_is_near(call, tmp_path):
    unknown = call("explain", "Conv2")
    assert (unknown.code, unknown.out) == (2, "")
    assert "did you mean 'Conv2D'" in unknown.err
    refused = call("explain", "Lambda")
    assert (refused.code, "cannot be used: it runs code" in refused.err) == (2, True)
    hostile = call("explain", "\x1b[31mConv2D.x" * 500)
    assert (hostile.code, "\x1b" in hostile.err) == (2, False)
    bad = tmp_path / "bad.yaml"
    bad.write_text("data: {source: minst}\nmodel: {layers: [Flatten]}\n")
    wrong = call("explain", "Conv2D", "--config", bad)
    assert (wrong.code, wrong.out, "did you mean 'mnist'?" in wrong.err) == (2, "", True)
    alone = call("explain", "Conv2D", "--set", "train.epochs=3")
    assert (alone.code, "--config" in alone.err) == (2, True)
