"""Lint in graphs and blocks: a warning stands at the line of the block, once, and what is done on purpose passes."""

import pytest

from cnncli.spec import parse
from cnncli.spec.reader import read


def warnings(text):
    return parse(read("data: {source: cifar10}\nmodel:\n" + text, "a.yaml")).warnings


IN_A_BLOCK = """\
  blocks:
    stage:
      parameters: {filters: 8, kernel: 3}
      layers:
        - Conv2D: {filters: $filters, kernel_size: $kernel, padding: same, activation: relu}
        - MaxPooling2D: {pool_size: 3}
  layers:
    - stage: {repeat: 2}
    - stage: {filters: 16, kernel: 2}
    - Flatten
    - Dense: {units: classes, activation: softmax}
"""


def test_a_layer_of_a_block_is_warned_of_once_with_the_first_use_in_question():
    pool, kernel = sorted(warnings(IN_A_BLOCK), key=lambda warning: -warning.place.line)
    assert (pool.code, pool.place.line, pool.place.column) == ("pool-does-not-divide", 8, 11)
    assert pool.message.endswith("(with filters: 8, kernel: 3, used at model.layers[0])")
    assert (kernel.code, kernel.place.line, kernel.place.column) == ("even-kernel", 7, 52)
    assert kernel.message.endswith("(with filters: 16, kernel: 2, used at model.layers[1])")


def test_a_repeated_layer_is_warned_of_once():
    repeated = """\
  layers:
    - Conv2D: {filters: 8, kernel_size: 3, padding: same, repeat: 4}
    - ReLU
    - Flatten
    - Dense: {units: classes, activation: softmax}
"""
    assert [warning.code for warning in warnings(repeated)] == ["linear-after-linear"]


RESIDUAL = """\
  blocks:
    residual:
      parameters: {filters: null, strides: 1, project: 0}
      layers:
        - Conv2D: {filters: $filters, kernel_size: 3, strides: $strides, padding: same, use_bias: false}
        - BatchNormalization
        - ReLU
        - Conv2D: {filters: $filters, kernel_size: 3, padding: same, use_bias: false}
        - BatchNormalization: {name: main}
        - Conv2D: {filters: $filters, kernel_size: 1, strides: $strides, inputs: input, name: skip, repeat: $project}
        - Add: {inputs: [main, skip]}
        - ReLU
  layers:
    - Conv2D: {filters: 16, kernel_size: 3, padding: same, activation: relu}
    - residual: {filters: 16}
    - residual: {filters: 32, strides: 2, project: 1}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
"""
INCEPTION = """\
  layers:
    - Conv2D: {filters: 64, kernel_size: 5, strides: 2, padding: same, activation: relu, name: stem}
    - Conv2D: {filters: 16, kernel_size: 3, padding: same, activation: relu, name: three}
    - Conv2D: {filters: 8, kernel_size: 1, activation: relu, inputs: stem}
    - Conv2D: {filters: 8, kernel_size: 5, padding: same, activation: relu, name: five}
    - MaxPooling2D: {pool_size: 3, strides: 1, padding: same, inputs: stem}
    - Conv2D: {filters: 8, kernel_size: 1, activation: relu, name: pooled}
    - Concatenate: {inputs: [three, five, pooled]}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
"""
SQUEEZE_AND_EXCITE = """\
  layers:
    - Conv2D: {filters: 32, kernel_size: 3, padding: same, activation: relu, name: features}
    - GlobalAveragePooling2D: {keepdims: true}
    - Dense: {units: 8, activation: relu}
    - Dense: {units: 32, activation: sigmoid, name: gate}
    - Multiply: {inputs: [features, gate]}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
"""
PRE_ACTIVATION = """\
  layers:
    - Conv2D: {filters: 16, kernel_size: 7, padding: same, name: before}
    - BatchNormalization
    - ReLU
    - Conv2D: {filters: 16, kernel_size: 3, padding: same, name: main}
    - Add: {inputs: [before, main]}
    - Conv2D: {filters: 16, kernel_size: 3, padding: same, activation: relu}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
"""


@pytest.mark.parametrize("text", [RESIDUAL, INCEPTION, SQUEEZE_AND_EXCITE, PRE_ACTIVATION])
def test_well_known_graphs_have_no_warnings(text):
    assert warnings(text) == ()


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("strides: $strides, padding: same, use_bias: false}", "padding: same}", "bias-before-normalization", 7),
        ("        - BatchNormalization\n", "        - Dropout: {rate: 0.9}\n", "dropout-rate", 8),
    ],
)
def test_rules_see_through_the_lines_of_a_block(old, new, code, line):
    text = RESIDUAL.replace(old, new, 1).replace("strides: 2, project: 1", "project: 1")
    assert [(warning.code, warning.place.line) for warning in warnings(text)] == [(code, line)]


def test_a_rule_follows_the_graph_and_not_the_lines():
    text = SQUEEZE_AND_EXCITE.replace("Multiply", "Add").replace("32, activation: sigmoid", "32, activation: softmax")
    assert [(warning.code, warning.place.line) for warning in warnings(text)] == [("hidden-softmax", 7)]
    text = PRE_ACTIVATION.replace("    - ReLU\n", "    - ReLU\n    - ReLU: {name: again}\n")
    assert [(warning.code, warning.place.line) for warning in warnings(text)] == [("activation-twice", 7)]
