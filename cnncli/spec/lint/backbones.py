"""Rules on backbones and their fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.catalog.backbones import BACKBONES
from cnncli.errors import Problem
from cnncli.spec.backbones import is_backbone, reads_image, scales_image
from cnncli.spec.graph import Node
from cnncli.spec.lint.context import LintContext, about
from cnncli.spec.lint.training import first_rate
from cnncli.spec.sections.stages import FROZEN, learning_in

_SMALL = 64
"""Pixels of a side; a backbone makes it 32 times smaller, so that less leaves one position of each channel."""

_HIGH_RATES = {"Adam": 1e-3, "AdamW": 1e-3, "Adamax": 1e-3, "Nadam": 1e-3, "RMSprop": 1e-3, "Lion": 3e-4, "SGD": 1e-2}
"""The usual rates for new weights (Keras' defaults); Keras' guide to fine-tuning takes a hundredth, 1e-5 for Adam."""


def _backbones(context: LintContext) -> Iterator[Node]:
    return (node for node in context.nodes if is_backbone(node.entry))


def _is_trained(node: Node, context: LintContext) -> bool:
    return node.entry.get("weights") is not None or context.spec.model.weights is not None


def frozen_without_weights(context: LintContext) -> Iterator[Problem]:
    """A frozen layer keeps its initial weights, and they are random."""
    for node in _backbones(context):
        if not node.entry.get("trainable") and not _is_trained(node, context):
            yield about(
                node,
                f"{node.entry.name} is frozen and has no weights, so it stays random; write "
                "'weights: imagenet', or leave out 'trainable'",
                "trainable",
            )


def backbone_scale(context: LintContext) -> Iterator[Problem]:
    """Backbones have their own preprocessing, and nothing else takes the image."""
    if scales_image(context.nodes):
        return
    name = next(_backbones(context)).entry.name
    for key in ("scale", "standardize"):
        if key in context.spec.data.set_keys and getattr(context.spec.data, key) is not None:
            yield Problem(
                ("data", key),
                f"{name} takes the image and has its own preprocessing: '{key}' has no effect; leave it out",
            )


def fine_tuning_rate(context: LintContext) -> Iterator[Problem]:
    """The first steps undo what the backbone has learnt."""
    train, backbones = context.spec.train, [node for node in _backbones(context) if _is_trained(node, context)]
    high = _HIGH_RATES.get(train.optimizer.name)
    before, *staged = learning_in(train.stages, context.nodes)
    warned = set()
    for states, phase in zip(staged or [before], train.phases, strict=True):
        learning = [node for node in backbones if states[node.name] != FROZEN]
        rate, path = first_rate(phase)
        if high is None or not learning or rate < high or path in warned:
            continue
        warned.add(path)
        freeze = f"freeze it: 'freeze: [{learning[0].name}]'" if staged else "'trainable: false' there"
        message = (
            f"{phase.optimizer.name} at {rate:g} undoes within a few steps what {learning[0].entry.name} has learnt; "
            f"write {high / 100:g}, or {freeze}"
        )
        yield Problem(path, message) if "learning_rate" in phase.optimizer.arguments else about(learning[0], message)


def backbone_small_image(context: LintContext) -> Iterator[Problem]:
    """A backbone halves the image five times."""
    for step in context.steps:
        shape = step.input_shapes[0]
        if not reads_image(step.node) or shape is None or len(shape) != 3 or min(shape[:2]) >= _SMALL:
            continue
        backbone = BACKBONES[step.node.entry.name]
        height, width = shape[:2]
        yield about(
            step.node,
            f"{step.node.entry.name} was made for images of {backbone.size}×{backbone.size} and makes each side 32 "
            f"times smaller: of {height}×{width} next to nothing is left; write a 'data.image.size' of 96 or more, or "
            "a network for small images",
        )


RULES = (frozen_without_weights, backbone_scale, fine_tuning_rate, backbone_small_image)
