"""Every lint rule warns where it must and nowhere else; docs/lint.md lists each once."""

import re
from pathlib import Path

import pytest
from cases import each
from lint_cases import FIRES, MARK, OUTPUT, SILENT, spec

from cnncli.spec import load, parse
from cnncli.spec.lint import CODES, RULES
from cnncli.spec.reader import read

ROOT = Path(__file__).parents[2]


def warnings(text):
    return parse(read(text.replace(MARK, ""), "a.yaml")).warnings


def marked(text):
    before = text[: text.index(MARK)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def pairs(table):
    return [(code, text) for code, texts in table.items() for text in texts]


@each("code, text", pairs(FIRES))
def test_a_rule_warns_at_the_very_place(code, text):
    found = [warning for warning in warnings(text) if warning.code == code]
    assert [(warning.place.line, warning.place.column) for warning in found] == [marked(text)]


@each("code, text", pairs(SILENT))
def test_a_rule_lets_the_right_thing_pass(code, text):
    assert code not in [warning.code for warning in warnings(text)]


@each("code", RULES)
def test_a_rule_can_be_silenced(code):
    text = FIRES[code][0] + f"\nsilence: [{code}]"
    assert code not in [warning.code for warning in warnings(text)]


def test_every_rule_is_tried_both_ways():
    assert set(FIRES) == set(SILENT) == set(CODES)


def test_a_misspelt_code_is_told_the_right_one():
    (warning,) = warnings(FIRES["unknown-rule"][0])
    assert warning.message == "no lint rule is called 'even-kernels'; did you mean 'even-kernel'?"


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (2, "in 'max_pooling2d_2' a pool of 2×2 does not divide 11×11: the last row or column is never used meanwhile; "
            "write 24"),
        (3, "in 'max_pooling2d_1' a pool of 2×2 does not divide 14×19: the last row or column is never used meanwhile; "
            "write [12, 16]"),
    ],
)  # fmt: skip
def test_a_size_that_pools_do_not_divide_is_told_a_near_one_that_they_do(case, message):
    warning = next(one for one in warnings(FIRES["pool-does-not-divide"][case]) if one.code == "pool-does-not-divide")
    assert warning.message == message


@each("code", CODES)
def test_one_mistake_is_one_warning(code):
    assert [warning.code for warning in warnings(FIRES[code][0])] == [code]


def test_the_documentation_has_one_row_for_each_code():
    text = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| \S.* \| \S.* \|$", text, re.MULTILINE)
    assert sorted(rows) == sorted(CODES)


# The networks of well-known tutorials, and the warnings that they deserve.
CONVOLUTION = "Conv2D: {{filters: {}, kernel_size: {}, padding: same, activation: relu}}"
THREE_STAGE = spec(
    *(layer for filters in (16, 32, 64) for layer in (CONVOLUTION.format(filters, 2), "MaxPooling2D")),
    "Flatten", "Dense: {units: 500, activation: relu}", *OUTPUT, data="source: cifar10",
)  # fmt: skip
ONE_CONVOLUTION = spec(
    "Conv2D: {filters: 8, kernel_size: 3}", "MaxPooling2D", "Flatten", *OUTPUT,
    data="source: mnist, scale: [-0.5, 0.5], split: {validation: test}", train="epochs: 3",
)  # fmt: skip
TWELVE_EPOCHS = spec(
    "Conv2D: {filters: 32, kernel_size: 3, activation: relu}",
    "Conv2D: {filters: 64, kernel_size: 3, activation: relu}",
    "MaxPooling2D", "Dropout: {rate: 0.25}", "Flatten", "Dense: {units: 128, activation: relu}",
    "Dropout: {rate: 0.5}", *OUTPUT,
    train="epochs: 12, batch_size: 128, optimizer: {Adadelta: {learning_rate: 1.0}}, loss: CategoricalCrossentropy",
)  # fmt: skip
STRIDED = spec(
    "Conv2D: {filters: 16, kernel_size: 7, strides: 2, kernel_initializer: he_normal}",
    *(
        layer
        for filters in (32, 64, 128)
        for layer in (
            CONVOLUTION.format(filters, 3), "BatchNormalization",
            f"Conv2D: {{filters: {filters}, kernel_size: 3, strides: 2, padding: same, activation: relu}}",
            "BatchNormalization", "Dropout: {rate: 0.25}",
        )
    ),
    "Flatten", "Dense: {units: 512, activation: relu}", "BatchNormalization", "Dropout: {rate: 0.5}", *OUTPUT,
    train="epochs: 50, loss: CategoricalCrossentropy, optimizer: {Adam: {learning_rate: {InverseTimeDecay: "
    "{initial_learning_rate: 1e-4, decay_steps: 1, decay_rate: 2e-6}}}}",
)  # fmt: skip
DEEP = spec(
    *(
        layer
        for size in ((32, 3), (64, 3), None, (128, 5), (256, 5), (512, 3), (512, 5), None)
        for layer in ((CONVOLUTION.format(*size), "BatchNormalization") if size else ("MaxPooling2D",))
    ),
    "Flatten", "Dense: {units: 1024, activation: relu}", "BatchNormalization", "Dense: {units: 512, activation: relu}",
    "BatchNormalization", "Dense: {units: 128, activation: relu}", *OUTPUT,
    data="source: cifar10, scale: [0, 255], split: {validation: 3000, stratify: false}", train="epochs: 30",
)  # fmt: skip
TWO_CONVOLUTIONS = spec(
    "Conv2D: {filters: 32, kernel_size: 3, activation: relu}", "MaxPooling2D",
    "Conv2D: {filters: 64, kernel_size: 3, activation: relu}", "MaxPooling2D",
    "Flatten", "Dense: {units: 64, activation: relu}", "Dropout: {rate: 0.5}", *OUTPUT,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        pytest.param(THREE_STAGE, ["even-kernel"] * 3, id="three-stage"),
        pytest.param(ONE_CONVOLUTION, ["validation-is-test"], id="one-convolution"),
        pytest.param(TWELVE_EPOCHS, [], id="twelve-epochs"),
        pytest.param(STRIDED, ["linear-after-linear"], id="strided"),
        pytest.param(DEEP, [], id="deep"),
        pytest.param(TWO_CONVOLUTIONS, ["pool-does-not-divide"], id="two-convolutions"),
    ],
)
def test_known_networks_get_the_warnings_they_deserve(text, codes):
    assert [warning.code for warning in warnings(text)] == codes


@pytest.mark.parametrize("path", sorted((ROOT / "configs").rglob("*.yaml")), ids=lambda path: path.stem)
def test_no_shipped_spec_has_warnings(path):
    """What is done on purpose there is silenced there, with the reason."""
    assert load(path).warnings == ()
