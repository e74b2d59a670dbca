"""Rules on the end of the network: what the class scores are, and what the loss takes them for."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.errors import Problem
from cnncli.spec.lint.context import NEVER_NEGATIVE, LintContext, about, is_weighted
from cnncli.spec.shapes import units_of

_PROBABILITIES = {"softmax", "sparsemax"}
_ONE_BY_ONE = {"sigmoid", "hard_sigmoid"}
_CATEGORICAL = {
    "SparseCategoricalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
}
_BINARY = {"BinaryCrossentropy", "BinaryFocalCrossentropy"}


def softmax_and_logits(context: LintContext) -> Iterator[Problem]:
    """Softmax twice flattens the gradients."""
    loss = context.spec.train.loss
    if not loss.get("from_logits") or not context.head:
        return
    activation = context.head[1]
    if activation in _PROBABILITIES or (activation in _ONE_BY_ONE and loss.name in _BINARY):
        yield Problem(
            ("train", "loss", loss.name, "from_logits"),
            f"the model ends in {activation} already, and with from_logits the loss applies it once more, which "
            "slows the training down; leave 'from_logits' out",
        )


def no_softmax(context: LintContext) -> Iterator[Problem]:
    """Crossentropy takes logits for probabilities."""
    loss = context.spec.train.loss
    if loss.name not in _CATEGORICAL or loss.get("from_logits") or not context.head:
        return
    index, activation = context.head
    if activation not in _PROBABILITIES | _ONE_BY_ONE | NEVER_NEGATIVE:
        ending = "no activation" if activation == "linear" else f"'{activation}'"
        # a loss that has no from_logits leaves only one way out
        other = ", or 'from_logits: true' to the loss" if loss.get("from_logits") is not None else ""
        yield about(
            context.nodes[index],
            f"the last layer has {ending}, but the loss takes its output for probabilities; "
            f"add 'activation: softmax'{other}",
        )


def sigmoid_output(context: LintContext) -> Iterator[Problem]:
    """Sigmoids judge each class alone, a categorical loss compares them."""
    loss = context.spec.train.loss
    if context.head and context.head[1] in _ONE_BY_ONE and loss.name in _CATEGORICAL:
        yield about(
            context.nodes[context.head[0]],
            f"a {context.head[1]} for each class gives scores that do not add up to 1, but {loss.name} expects one "
            "class per image; write 'activation: softmax'",
        )


def relu_output(context: LintContext) -> Iterator[Problem]:
    """A score that cannot be negative stops learning at zero."""
    if context.head and context.head[1] in NEVER_NEGATIVE:
        yield about(
            context.nodes[context.head[0]],
            f"the class scores end in {context.head[1]}: they are not probabilities, and a class whose score is 0 "
            "has no gradient to recover; write 'activation: softmax'",
        )


def binary_loss(context: LintContext) -> Iterator[Problem]:
    """Binary losses judge each class alone, softmax compares them."""
    loss = context.spec.train.loss
    if loss.name in _BINARY and (context.classes or 0) > 2 and context.head and context.head[1] in _PROBABILITIES:
        better = loss.name.replace("Binary", "Categorical")
        yield Problem(
            ("train", "loss"),
            f"{loss.name} judges each of the {context.classes} classes by itself, while the softmax makes them share "
            f"one probability; write 'loss: {better}'",
        )


def units_not_classes(context: LintContext) -> Iterator[Problem]:
    """The output has more units than there are classes."""
    output, classes = context.output, context.classes
    if classes is None or output is None or len(output) != 1 or output[0] <= classes:
        return
    node = next((node for node in reversed(context.nodes) if is_weighted(node.entry)), context.nodes[-1])
    yield about(
        node,
        f"{output[0]} units for {classes} classes: the others can only ever be wrong; 'units: classes' always fits",
        "units" if units_of(node.entry.get("units") or 0, classes) == output[0] else "",
    )


RULES = (
    softmax_and_logits,
    no_softmax,
    sigmoid_output,
    relu_output,
    binary_loss,
    units_not_classes,
)
