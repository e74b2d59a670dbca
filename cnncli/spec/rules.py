"""What cannot be right across keys: each rule sees the whole spec and names what contradicts what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

from cnncli.catalog.datasets import DATASETS
from cnncli.catalog.entries import Entry
from cnncli.errors import KeyPath, Problem
from cnncli.spec.backbones import is_backbone, wrong_for_imagenet
from cnncli.spec.class_weights import weightless_loss, wrong_class_weights
from cnncli.spec.metrics import (
    BINARY_LOSSES,
    METRIC_RULES,
    has_one_output,
    is_sparse,
    monitored_metric,
    reported_metrics,
    unfitting_metrics,
)
from cnncli.spec.pretrained import wrong_parameters
from cnncli.spec.rate_factors import wrong_rate_factors
from cnncli.spec.schema import Data, Spec
from cnncli.spec.sections.devices import number_of, wrong_for_several
from cnncli.spec.sections.features import MIXING, wrong_features
from cnncli.spec.sections.smaller_images import wrong_schedule
from cnncli.spec.sections.stages import wrong_stages
from cnncli.spec.sections.tune import wrong_search
from cnncli.spec.shapes.network_shapes import NetworkShapes, Step
from cnncli.spec.shapes.terms import Shape
from cnncli.spec.static_data_info import static_data_info
from cnncli.spec.whitening import misplaced_whitening, too_many_filters
from cnncli.wording import counted, dimensions, nearest, size_text

MOST_NUMBERS = 2**30
"""Weights of a layer, or values that it makes of one image, above which a spec is taken for a mistake: 4 GiB."""


def check(spec: Spec, shapes: NetworkShapes) -> list[Problem]:
    """Everything that contradicts something else in a spec, which is valid key by key; `shapes` are its network's."""
    of_shapes = [problem for rule in _SHAPE_RULES for problem in rule(spec, shapes)]
    return [*(problem for rule in _RULES for problem in rule(spec)), *of_shapes]


def _class_names(spec: Spec) -> Iterator[Problem]:
    names = static_data_info(spec.data).class_names
    wrong = list(_chosen(spec))
    yield from wrong
    if names is not None and len(names) < 2 and not wrong:
        yield Problem(("data", "classes"), "at least two classes are needed")
    if names is not None:
        yield from wrong_class_weights(spec.train.class_weight, names)
    yield from weightless_loss(spec.train.loss)
    if spec.train.class_weight is not None and spec.train.sampling is not None:
        message = "balanced sampling already shows every class equally often; leave out this or class_weight"
        yield Problem(("train", "sampling"), message)


def _chosen(spec: Spec) -> Iterator[Problem]:
    """Classes that a built-in data set does not have, and those chosen twice."""
    dataset, classes = DATASETS.get(spec.data.source.name), spec.data.classes or ()
    for index, name in enumerate(classes):
        key = name if isinstance(classes, dict) else index
        if dataset and name not in dataset.class_names:
            near = nearest(name, dataset.class_names)
            message = f"{spec.data.source.name} has no class '{name}'{near}"
            yield Problem(("data", "classes", key), message, at_key=isinstance(classes, dict))
        elif isinstance(classes, list) and name in classes[:index]:
            yield Problem(("data", "classes", key), f"the class '{name}' is listed twice")


def _shapes(spec: Spec, shapes: NetworkShapes) -> Iterator[Problem]:
    if shapes.image_shape is not None:
        yield from network_problems(spec, shapes, static_data_info(spec.data).class_names is not None)


def network_problems(spec: Spec, shapes: NetworkShapes, classes_known: bool = True) -> Iterator[Problem]:
    """What does not fit in a network whose images have a known shape: layers, sizes, the output and the labels."""
    problems = shape_problems(shapes)
    yield from problems
    too_large = _once_a_line(_sizes(shapes.steps))
    yield from too_large[:1]  # what follows from it is too large as well
    output = shapes.output_shape
    if not problems and not too_large and output is not None and (classes_known or len(output) != 1):
        yield from _output(spec, output, shapes.classes)


def shape_problems(shapes: NetworkShapes) -> list[Problem]:
    """The layers that cannot take their inputs."""
    wrong = ((step.node, step.shape_error) for step in shapes.steps if step.shape_error)
    refused = [
        Problem(node.path, f"{node.entry.name} does not fit here: {error}{node.origin}", at_key=True)
        for node, error in wrong
    ]
    return _once_a_line([*refused, *(problem for step in shapes.steps for problem in too_many_filters(step))])


def _once_a_line(problems: Iterable[Problem]) -> list[Problem]:
    """The first problem of each line: a block that does not fit in one use seldom fits in the next."""
    first: dict[KeyPath, Problem] = {}
    for problem in problems:
        first.setdefault(problem.path, problem)
    return list(first.values())


def _sizes(steps: Sequence[Step]) -> Iterator[Problem]:
    """A zero too many would fill the memory before anything is reported."""
    for step in steps:
        name, weights, values = step.node.entry.name, step.parameters or 0, prod(step.output_shape or ())
        if max(weights, values) > MOST_NUMBERS:
            what = f"{weights:,} weights" if weights > MOST_NUMBERS else f"an output of {values:,} values"
            memory = size_text(max(weights, values) * 4)
            message = f"{name} would have {what} ({memory}); check its numbers{step.node.origin}"
            yield Problem(step.node.path, message, at_key=True)


def _output(spec: Spec, output: Shape, classes: int) -> Iterator[Problem]:
    """The output of the model cannot be compared with the labels."""
    nodes, loss = spec.model.nodes, spec.train.loss
    if not (error := output_error(loss, output, classes)):
        return
    if len(output) != 1:
        yield Problem(nodes[-1].path, error, at_key=True)
        return
    last = max((i for i, node in enumerate(nodes) if node.entry.name == "Dense"), default=len(nodes) - 1)
    yield Problem(nodes[last].at("units"), f"{error}{nodes[last].origin}")


def output_error(loss: Entry, output: Shape, classes: int) -> str:
    """Why an output of this shape cannot be compared with the labels; empty when it can."""
    if len(output) != 1:
        flat = "add Flatten or GlobalAveragePooling2D before the last Dense"
        return f"the output is still spread over {dimensions(output[:-1])} places; {flat}"
    units = output[0]
    one_for_two = loss.name in BINARY_LOSSES and (units, classes) == (1, 2)
    if (units < classes and not one_for_two) or (units > classes and not is_sparse(loss)):
        return f"the model has {counted(units, 'output')} for {counted(classes, 'class')}; write 'units: classes'"
    return ""


def _one_output(spec: Spec, shapes: NetworkShapes) -> Iterator[Problem]:
    """A softmax divides one among the outputs."""
    last = spec.model.nodes[-1]
    softmax = last.entry.name == "Softmax" or last.entry.get("activation") == "softmax"
    if softmax and has_one_output(spec, shapes):
        message = f"the softmax of one output is 1 whatever the image is; use sigmoid{last.origin}"
        yield Problem(last.at("activation" if "activation" in last.entry.arguments else ""), message)


def _backbones(spec: Spec, shapes: NetworkShapes) -> Iterator[Problem]:
    for step in shapes.steps:
        yield from wrong_for_imagenet(step.node, step.input_shapes[0])
    yield from wrong_parameters(spec.model.nodes, spec.model)


def _whitening(spec: Spec) -> Iterator[Problem]:
    yield from _once_a_line(misplaced_whitening(spec.model.nodes))


def _callbacks(spec: Spec) -> Iterator[Problem]:
    """Keras refuses these only when the training is under way."""
    optimizer = spec.train.optimizer
    scheduled = any(isinstance(phase.optimizer.get("learning_rate"), Entry) for phase in spec.train.phases)
    for index, callback in enumerate(spec.train.callbacks):
        path: KeyPath = ("train", "callbacks", index)
        if callback.name == "ReduceLROnPlateau" and scheduled:
            message = "the optimizer's schedule sets the learning rate already; leave out this callback or the schedule"
            yield Problem(path, message)
        if callback.name == "SwapEMAWeights" and not optimizer.get("use_ema"):
            yield Problem(path, f"{optimizer.name} keeps no average of the weights; give it 'use_ema: true'")


def _rates(spec: Spec) -> Iterator[Problem]:
    """Keras refuses these only when the model is compiled."""
    optimizer = spec.train.optimizer
    clips = [name for name in ("clipnorm", "clipvalue", "global_clipnorm") if optimizer.get(name) is not None]
    if len(clips) > 1:
        path: KeyPath = ("train", "optimizer", optimizer.name, clips[1])
        yield Problem(path, f"{clips[0]} limits the gradients already; leave out one of them")
    for path, schedule in {phase.rate: phase.optimizer.get("learning_rate") for phase in spec.train.phases}.items():
        if not isinstance(schedule, Entry) or schedule.name != "PiecewiseConstantDecay":
            continue
        boundaries, values = schedule.get("boundaries"), schedule.get("values")
        if len(values) != len(boundaries) + 1:
            need = "1 boundary needs" if len(boundaries) == 1 else f"{len(boundaries)} boundaries need"
            message = f"{need} {len(boundaries) + 1} values, got {len(values)}"
            yield Problem((*path, schedule.name, "values"), message)
        if sorted(set(boundaries)) != list(boundaries):
            yield Problem((*path, schedule.name, "boundaries"), "each boundary must be later than the one before")


def _rate_factors(spec: Spec) -> Iterator[Problem]:
    yield from wrong_rate_factors(spec.train.learning_rate_factors or {}, spec.model.nodes)


def _stages(spec: Spec) -> Iterator[Problem]:
    wrong = list(wrong_stages(spec.train.stages, spec.train.epochs, spec.model.nodes))
    yield from wrong
    if not wrong:
        yield from wrong_features(spec.train, spec.augment, spec.model.nodes)


def _data(spec: Spec) -> Iterator[Problem]:
    data = spec.data
    images, part = static_data_info(data).train, data.split.validation
    if images is not None and isinstance(part, int) and images <= 0:
        message = f"{part} validation images leave none of the {images + part} training images to train on"
        yield Problem(("data", "split", "validation"), message)
    yield from _split(data)
    if data.standardize and "scale" in data.set_keys:
        yield Problem(("data", "scale"), "'standardize' sets the range of the pixels already; leave out one of them")
    if data.image.white is not None and (data.source.is_builtin or data.source.name == "cifar"):
        yield Problem(("data", "image", "white"), f"white is 255 in {data.source.name}; leave this out")
    if data.image.white is not None and data.image.white != data.source.arguments.get("white", data.image.white):
        yield Problem(("data", "image", "white"), f"{data.source.name} sets white already; leave out one of them")
    encoded, files = data.source.has_encoded_images, data.source.has_files
    for key, is_set, has_it, subject in (
        (("image", "icc"), data.image.icc != "ignore", encoded, "image files have colour profiles"),
        (("image", "frame"), data.image.frame is not None, encoded, "image files have several pages"),
        (("image", "window"), data.image.window is not None, encoded, "DICOM files have a window"),
        (("exclude",), bool(data.exclude), files, "image files can be excluded"),
        (("unreadable",), data.unreadable == "exclude", files, "image files can be excluded"),
    ):
        if is_set and not has_it:
            yield Problem(("data", *key), f"only {subject}, and {data.source.name} has none")


def _split(data: Data) -> Iterator[Problem]:
    """Keys of the split that contradict each other, or ask for what the source cannot have."""
    split, source, path = data.split, data.source, ("data", "split")
    if split.test == "validation" and split.validation in (0, "test"):
        missing = "'validation: 0' keeps none" if split.validation == 0 else "these are to be the test images"
        yield Problem((*path, "test"), f"there are no validation images to test on: {missing}")
    if split.folder is not None and source.name != "folder":
        other = "; for a table, use data.source.table.split_column" if source.name == "table" else ""
        yield Problem((*path, "folder"), f"only the source folder has folders of splits{other}", at_key=True)
    if split.folder is not None and "train" not in split.folder.values():
        yield Problem(
            (*path, "folder"), "none of the folders is 'train', so there are no images to train on", at_key=True
        )
    if split.group is not None and "column" in split.group and source.name != "table":
        yield Problem(
            (*path, "group", "column"), "only a table has columns; write 'pattern' for file names", at_key=True
        )
    if split.group is not None and "pattern" in split.group and not source.has_files:
        message = f"a pattern is searched in the names of files, and {source.name} has none"
        yield Problem((*path, "group", "pattern"), message, at_key=True)
    if split.group is not None and "dicom" in split.group and not source.has_files:
        yield Problem(
            (*path, "group", "dicom"), f"only DICOM files name patients, and {source.name} has none", at_key=True
        )


def _mixing(spec: Spec) -> Iterator[Problem]:
    """Mixed labels are no whole numbers."""
    for index, entry in enumerate(spec.augment):
        if entry.name in MIXING and is_sparse(spec.train.loss):
            message = f"{entry.name} mixes labels, which needs one-hot labels; use 'loss: CategoricalCrossentropy'"
            yield Problem(("augment", index), message)


def _compiled(spec: Spec) -> Iterator[Problem]:
    """TensorFlow refuses these only when the training is under way."""
    train = spec.train
    pools = any(node.entry.name.startswith("MaxPool") or is_backbone(node.entry) for node in spec.model.nodes)
    if train.jit_compile and train.deterministic and pools:
        message = "XLA has no deterministic gradient of a maximum pool; leave out this or 'deterministic'"
        yield Problem(("train", "jit_compile"), message)


def _search(spec: Spec) -> Iterator[Problem]:
    yield from wrong_search(spec.tune, spec.data.split.validation, reported_metrics(spec), monitored_metric(spec)[0])


def _devices(spec: Spec) -> Iterator[Problem]:
    images = static_data_info(spec.data).train if spec.train.sampling is None else None
    yield from wrong_for_several(spec.train, spec.model.nodes, number_of(spec.train.devices), images)


_RULES = (
    *METRIC_RULES,
    _class_names,
    _callbacks,
    _rates,
    _rate_factors,
    _stages,
    _data,
    _mixing,
    _compiled,
    _whitening,
    _search,
    _devices,
)

_SHAPE_RULES = (_shapes, _one_output, _backbones, unfitting_metrics, wrong_schedule)
