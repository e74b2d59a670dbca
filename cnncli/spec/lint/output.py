"""Rules on the end of the network: what the class scores are, and what the loss takes them for."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.errors import Problem
from cnncli.spec.lint.context import AVERAGING, NEVER_NEGATIVE, RESHAPING, Facts, about, is_weighted
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


def softmax_and_logits(facts: Facts) -> Iterator[Problem]:
    """Softmax twice flattens the gradients."""
    loss = facts.spec.train.loss
    if not loss.get("from_logits") or not facts.head:
        return
    activation = facts.head[1]
    if activation in _PROBABILITIES or (activation in _ONE_BY_ONE and loss.name in _BINARY):
        yield Problem(
            ("train", "loss", loss.name, "from_logits"),
            f"the model ends in {activation} already, and with from_logits the loss applies it once more, which "
            "slows the training down; leave 'from_logits' out",
        )


def no_softmax(facts: Facts) -> Iterator[Problem]:
    """Crossentropy takes logits for probabilities."""
    loss = facts.spec.train.loss
    if loss.name not in _CATEGORICAL or loss.get("from_logits") or not facts.head:
        return
    index, activation = facts.head
    if activation not in _PROBABILITIES | _ONE_BY_ONE | NEVER_NEGATIVE:
        found = "no activation" if activation == "linear" else f"'{activation}'"
        # a loss that has no from_logits leaves only one way out
        other = ", or 'from_logits: true' to the loss" if loss.get("from_logits") is not None else ""
        yield about(
            facts.nodes[index],
            f"the last layer has {found}, but the loss takes its output for probabilities; "
            f"add 'activation: softmax'{other}",
        )


def sigmoid_output(facts: Facts) -> Iterator[Problem]:
    """Sigmoids judge each class alone, a categorical loss compares them."""
    loss = facts.spec.train.loss
    if facts.head and facts.head[1] in _ONE_BY_ONE and loss.name in _CATEGORICAL:
        yield about(
            facts.nodes[facts.head[0]],
            f"a {facts.head[1]} for each class gives scores that do not add up to 1, but {loss.name} is for one "
            "class an image; write 'activation: softmax'",
        )


def relu_output(facts: Facts) -> Iterator[Problem]:
    """A score that cannot be negative stops learning at zero."""
    if facts.head and facts.head[1] in NEVER_NEGATIVE:
        yield about(
            facts.nodes[facts.head[0]],
            f"the class scores end in {facts.head[1]}: they are no probabilities, and a class whose score is 0 has no "
            "gradient to come back; write 'activation: softmax'",
        )


def after_softmax(facts: Facts) -> Iterator[Problem]:
    """Normalisation or dropout turns probabilities into something else."""
    if not facts.head or facts.head[1] not in _PROBABILITIES:
        return
    for index in sorted(facts.below(facts.head[0])):
        name = facts.nodes[index].entry.name
        if name not in RESHAPING | AVERAGING | {"Activation", "ActivityRegularization"}:
            message = f"after {name} the outputs of the softmax are no probabilities any more"
            yield about(facts.nodes[index], f"{message}; put it before the last layer")


def binary_loss(facts: Facts) -> Iterator[Problem]:
    """Binary losses judge each class alone, softmax compares them."""
    loss = facts.spec.train.loss
    if loss.name in _BINARY and (facts.classes or 0) > 2 and facts.head and facts.head[1] in _PROBABILITIES:
        better = loss.name.replace("Binary", "Categorical")
        yield Problem(
            ("train", "loss"),
            f"{loss.name} judges each of the {facts.classes} classes by itself, while the softmax makes them share "
            f"one probability; write 'loss: {better}'",
        )


def units_not_classes(facts: Facts) -> Iterator[Problem]:
    """The output has more units than there are classes."""
    if facts.classes is None or facts.output is None or len(facts.output) != 1 or facts.output[0] <= facts.classes:
        return
    node = next((node for node in reversed(facts.nodes) if is_weighted(node.entry)), facts.nodes[-1])
    yield about(
        node,
        f"{facts.output[0]} units for {facts.classes} classes: the others can only ever be wrong; "
        "'units: classes' always fits",
        "units" if units_of(node.entry.get("units") or 0, facts.classes) == facts.output[0] else "",
    )


RULES = (
    softmax_and_logits,
    no_softmax,
    sigmoid_output,
    relu_output,
    after_softmax,
    binary_loss,
    units_not_classes,
)
