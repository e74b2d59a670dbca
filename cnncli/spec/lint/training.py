"""Rules on the data and the training: what is measured on what, learning rates, schedules, callbacks."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import NORMALIZATIONS
from cnncli.errors import KeyPath, Problem
from cnncli.spec.lint.context import LintContext, about
from cnncli.spec.metrics import has_validation
from cnncli.spec.sections.stages import INSIDE, STAGES, TRAINS, PhaseSpec, changed, learning_in
from cnncli.spec.shapes.terms import window_of
from cnncli.wording import counted

_USUAL_RATES = {
    # optimizer: up to the first nothing happens, from the second on most networks diverge: a thousandth and thirty
    # times Keras' default (0.001 for Adam and its like); Lion takes a third to a tenth of Adam's (Chen et al., 2023),
    # SGD up to 0.1 with normalisation (He et al., 2015), and Adadelta's author used 1.0 (Zeiler, 2012)
    "Adam": (1e-6, 0.03),
    "AdamW": (1e-6, 0.03),
    "Adamax": (1e-6, 0.03),
    "Nadam": (1e-6, 0.03),
    "RMSprop": (1e-6, 0.03),
    "Lion": (1e-7, 0.01),
    "SGD": (1e-6, 1.0),
    "Adadelta": (0.01, 10.0),
}
_FEW = 5
"""Validation images of a class below which one image changes the recall of the class by more than 20 %."""

_LARGE_PIXELS = 10
"""Initial weights keep inputs of variance 1 (Glorot and Bengio, 2010); ten times the size is a hundred times that."""

_COARSE = 64
"""Pixels whose average TensorFlow's AveragePooling2D computes in bfloat16 to 4 %; of 32×32 it is 0.5, 1 or 2."""


def validation_is_test(context: LintContext) -> Iterator[Problem]:
    """The test images choose the epoch that is tested."""
    split, source = context.spec.data.split, context.spec.data.source
    for key, stands_in, way in (
        ("validation", split.validation == "test", 0.1),
        ("test", split.test == "validation" and not source.is_builtin, 0.2),
    ):
        if stands_in:
            yield Problem(
                ("data", "split", key),
                f"the best epoch is chosen on the test images, which flatters the test accuracy; write '{key}: {way}'",
            )


def few_validation_images(context: LintContext) -> Iterator[Problem]:
    """So few images that one of them decides which epoch is best."""
    images, classes = context.data.validation, context.classes
    if images is not None and classes is not None and images < _FEW * classes:
        yield Problem(
            ("data", "split", "validation"),
            f"{counted(images, 'validation image')} for {counted(classes, 'class')}: which epoch is best is left to "
            f"chance; write {_FEW * classes} or more",
        )


def large_pixels(context: LintContext) -> Iterator[Problem]:
    """Weights begin at a size made for inputs about 1."""
    scale = context.spec.data.scale
    normalized = any(node.entry.name in NORMALIZATIONS for node in context.nodes)
    if max(map(abs, scale)) > _LARGE_PIXELS and not normalized:
        yield Problem(
            ("data", "scale"),
            f"pixels from {scale[0]:g} to {scale[1]:g} are far from the size that initial weights are made for, and "
            "nothing normalises them; write 'scale: [0, 1]', or add BatchNormalization",
        )


def coarse_average(context: LintContext) -> Iterator[Problem]:
    """Averages whose sum is kept in 16 bits."""
    for node in context.nodes if context.spec.train.precision == "mixed_bfloat16" else ():
        pixels = prod(window_of(node.entry)[0]) if node.entry.name == "AveragePooling2D" else 0
        if pixels >= _COARSE:
            message = f"a processor adds up these {pixels} pixels in bfloat16 and loses all but a digit or two; write"
            yield about(node, f"{message} GlobalAveragePooling2D, which adds up in float32, or a smaller pool")


def mirrored_borders(context: LintContext) -> Iterator[Problem]:
    """Movements of padded images that show more than the padding beyond it."""
    spec = context.spec
    for index, entry in enumerate(spec.augment if spec.data.image.resize == "pad" else ()):
        mode = entry.arguments.get("fill_mode")
        if mode in ("reflect", "wrap"):
            seen = "mirrored slices of the picture" if mode == "reflect" else "slices of its other side"
            yield Problem(
                ("augment", index, entry.name, "fill_mode"),
                f"images are padded with black, and beyond it '{mode}' shows {seen}; leave it out, or write 'constant'",
            )


def large_batch(context: LintContext) -> Iterator[Problem]:
    """One step for each epoch."""
    images = context.data.train
    if images is not None and context.spec.train.batch_size >= images:
        yield Problem(
            ("train", "batch_size"),
            f"one batch holds all {images:,} training images, so that an epoch is a single step; 32 to 256 is usual",
        )


def first_rate(phase: PhaseSpec) -> tuple[float, KeyPath]:
    """The learning rate that a part of the training begins with, or warms up to, and where it stands."""
    path, rate = phase.rate, phase.optimizer.get("learning_rate")
    if not isinstance(rate, Entry):
        return rate, path
    if rate.name == "PiecewiseConstantDecay":
        return rate.get("values")[0], (*path, rate.name, "values", 0)
    if rate.get("warmup_target") is not None:
        return rate.get("warmup_target"), (*path, rate.name, "warmup_target")
    return rate.get("initial_learning_rate"), (*path, rate.name, "initial_learning_rate")


def learning_rate(context: LintContext) -> Iterator[Problem]:
    """Far from what works with this optimizer."""
    name = context.spec.train.optimizer.name
    if name not in _USUAL_RATES:
        return
    low, high = _USUAL_RATES[name]
    default = Entry("optimizer", name).get("learning_rate")
    usual = 1.0 if name == "Adadelta" else default  # Keras' own for Adadelta is a thousandth of its author's
    for path, rate in {path: rate for rate, path in map(first_rate, context.spec.train.phases)}.items():
        if rate <= low:
            yield Problem(path, f"{name} learns next to nothing at {rate:g}; {usual:g} is usual")
        elif rate >= high:
            yield Problem(path, f"{name} seldom learns anything at {rate:g}: it overshoots; {usual:g} is usual")


def _schedules(context: LintContext, *names: str) -> Iterator[tuple[Entry, KeyPath, int]]:
    """The schedules with these names, where each is set, and the steps of its phase, where these are certain."""
    for phase in context.spec.train.phases:
        schedule, total = phase.optimizer.get("learning_rate"), context.steps_of(phase)
        accumulates = phase.optimizer.get("gradient_accumulation_steps")
        if isinstance(schedule, Entry) and schedule.name in names and total is not None and not accumulates:
            yield schedule, (*phase.rate, schedule.name), total


def decay_steps(context: LintContext) -> Iterator[Problem]:
    """The schedule and the training are not of the same length."""
    for schedule, path, total in _schedules(context, "CosineDecay", "PolynomialDecay"):
        steps, warmup = schedule.get("decay_steps"), schedule.get("warmup_steps") or 0
        if schedule.get("cycle") or isinstance(steps, str) or isinstance(warmup, str):
            continue
        if steps + warmup < total / 2:
            effect = f"the rate has reached its end after {steps + warmup:,} of {total:,} steps"
        elif steps > total * 2:
            effect = f"the training ends after {total:,} of these {steps:,} steps, while the rate is still high"
        else:
            continue
        yield Problem((*path, "decay_steps"), f"{effect}; write 'decay_steps: total_steps'")


def boundary_never_reached(context: LintContext) -> Iterator[Problem]:
    """A part of the schedule lies behind the end of the training."""
    for schedule, path, total in _schedules(context, "PiecewiseConstantDecay"):
        for index, boundary in enumerate(schedule.get("boundaries")):
            if boundary >= total:
                yield Problem(
                    (*path, "boundaries", index),
                    f"the training ends at step {total:,}, before step {boundary:,}; boundaries count steps, "
                    "not epochs: make it smaller, or train for more epochs",
                )


def training_metric(context: LintContext) -> Iterator[Problem]:
    """What is measured on the images trained on improves to the end."""
    train = context.spec.train
    validated = has_validation(context.spec)
    if validated and train.monitor and not train.monitor.startswith("val_"):
        yield Problem(
            ("train", "monitor"),
            f"'{train.monitor}' is measured on the training images, so the best epoch is the one that memorised "
            f"them; write 'val_{train.monitor}'",
        )
    for index, callback in enumerate(train.callbacks):
        if callback.name == "EarlyStopping" and not callback.get("monitor").startswith("val_"):
            name = callback.get("monitor")
            way = f"write 'monitor: val_{name}'" if validated else f"keep images for it, and write 'val_{name}'"
            yield Problem(
                ("train", "callbacks", index, "EarlyStopping", "monitor"),
                f"'{name}' is measured on the training images and does not show when to stop; {way}",
            )


def patience_too_long(context: LintContext) -> Iterator[Problem]:
    """A callback waits longer than the training lasts."""
    epochs = max(phase.epochs for phase in context.spec.train.phases)  # callbacks begin anew with each
    for index, callback in enumerate(context.spec.train.callbacks):
        patience = callback.get("patience")
        if patience is not None and patience + (callback.get("start_from_epoch") or 0) >= epochs:
            yield Problem(
                ("train", "callbacks", index, callback.name, "patience"),
                f"{callback.name} waits {counted(patience, 'epoch')} and the training has {epochs}, so it never acts; "
                "write a smaller patience, or more epochs",
            )


def no_patience(context: LintContext) -> Iterator[Problem]:
    """The first epoch without progress ends the training."""
    for index, callback in enumerate(context.spec.train.callbacks):
        if callback.name == "EarlyStopping" and callback.get("patience") == 0:
            yield Problem(
                ("train", "callbacks", index, "EarlyStopping", "patience"),
                "without patience the first epoch that is not better ends the training, and every curve has such "
                "epochs; write 'patience: 5'",
            )


def stages_nothing_changes(context: LintContext) -> Iterator[Problem]:
    """A stage thaws what was never frozen, or trains as the one before it does."""
    train = context.spec.train
    states = list(learning_in(train.stages, context.nodes))  # before all stages, and in each
    for index, stage in enumerate(train.stages):
        idle = [place for place, pattern in enumerate(stage.thaw) if not changed([pattern], states[index], TRAINS)]
        for place in idle:
            yield Problem(
                (*STAGES, index, "thaw", place),
                f"'{stage.thaw[place]}' is not frozen before this stage; write 'freeze' in an earlier stage, or "
                "leave this out",
            )
        inside = any(INSIDE in pattern for pattern in (*stage.freeze, *stage.thaw))  # layers that are not known here
        rates = [phase.optimizer.get("learning_rate") for phase in train.phases[max(index - 1, 0) : index + 1]]
        # a schedule starts again in each stage
        same = rates[0] == rates[-1] and not isinstance(rates[-1], Entry) and states[index] == states[index + 1]
        if index and same and not idle and not inside:
            yield Problem(
                (*STAGES, index),
                "this stage trains the same layers as the one before it, at the same learning rate; merge the two",
            )


RULES = (
    validation_is_test,
    few_validation_images,
    large_pixels,
    coarse_average,
    mirrored_borders,
    large_batch,
    learning_rate,
    decay_steps,
    boundary_never_reached,
    training_metric,
    patience_too_long,
    no_patience,
    stages_nothing_changes,
)
