"""Rules on the end of the network: what the class scores are, and what the loss takes them for."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.catalog.layer_traits import AVERAGING, REARRANGING, WEIGHTED
from cnncli.errors import Problem
from cnncli.spec.lint.context import NEVER_NEGATIVE, LintContext, about
from cnncli.spec.shapes.terms import units_of
from cnncli.wording import counted

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
    """A categorical crossentropy takes its input for probabilities that add up to 1, or for logits."""
    loss = context.spec.train.loss
    if loss.name not in _CATEGORICAL or not context.head:
        return
    index, activation = context.head
    logits, never_negative = loss.get("from_logits"), activation in NEVER_NEGATIVE
    if activation in _PROBABILITIES or (logits and not never_negative):
        return
    ending = "no activation" if activation == "linear" else f"'{activation}'"
    reason = "the loss takes its output for probabilities that add up to 1"
    if never_negative:
        reason = "a class whose score is 0 has no gradient to recover"
    fix = "leave it out" if logits else "write 'activation: softmax'"
    # a loss that has no from_logits leaves only one way out
    if logits is False and not never_negative and activation not in _ONE_BY_ONE:
        fix += ", or 'from_logits: true' to the loss"
    yield about(context.nodes[index], f"the last layer has {ending}, but {reason}; {fix}")


def after_softmax(context: LintContext) -> Iterator[Problem]:
    """Normalisation or dropout turns probabilities into something else."""
    if not context.head or context.head[1] not in _PROBABILITIES:
        return
    for index in sorted(context.descendants(context.head[0])):
        name = context.nodes[index].entry.name
        if name not in REARRANGING | AVERAGING | {"Activation", "ActivityRegularization"}:
            message = f"after {name} the outputs of the softmax are no longer probabilities"
            yield about(context.nodes[index], f"{message}; put it before the last layer")


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
    output, classes = context.shapes.output_shape, context.classes
    if classes is None or output is None or len(output) != 1 or output[0] <= classes:
        return
    node = next((node for node in reversed(context.nodes) if node.entry.name in WEIGHTED), context.nodes[-1])
    yield about(
        node,
        f"{counted(output[0], 'unit')} for {counted(classes, 'class')}: the others can only ever be wrong; "
        "'units: classes' always fits",
        "units" if units_of(node.entry.get("units") or 0, classes) == output[0] else "",
    )


RULES = (
    softmax_and_logits,
    no_softmax,
    after_softmax,
    binary_loss,
    units_not_classes,
)
