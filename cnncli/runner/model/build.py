"""From the layers of a spec and the images that they are for to a compiled model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from cnncli.errors import SpecError
from cnncli.factory import model as factory
from cnncli.factory.precision import precision_here
from cnncli.factory.training import compile_model, label_encoding
from cnncli.runner.inputs.input_spec import InputSpec
from cnncli.runner.model.memory_check import require_model_fits
from cnncli.spec.graph import Node
from cnncli.spec.metrics import metric_problems
from cnncli.spec.rules import shape_problems
from cnncli.spec.schema import Train
from cnncli.spec.shapes.network_shapes import infer_shapes

if TYPE_CHECKING:
    import keras


def build_model(
    nodes: Sequence[Node],
    inputs: InputSpec,
    precision: str,
    seed: int,
    name: str,
    scope: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> keras.Model:
    """The model of a spec, with initial weights and not compiled; the same seed gives the same weights.

    Its variables are created inside `scope`.

    Raises:
        SpecError: A layer does not fit.
        ResourceError: The model does not fit into memory.
    """
    classes = len(inputs.class_names)
    shapes = infer_shapes(nodes, inputs.shape, classes)  # the spec alone may not determine them
    if problems := shape_problems(shapes):
        raise SpecError(problems)
    require_model_fits(shapes.steps)
    policy = precision_here(precision)
    return factory.build_model(nodes, inputs.shape, classes, inputs.preprocessing, policy, seed, name, scope)


def encoding_for(train: Train, model: keras.Model, classes: int) -> str:
    """How the labels of a model are encoded, as `factory.training.label_encoding` says.

    Raises:
        SpecError: The loss or a metric does not fit the model's output.
    """
    encoding = label_encoding(train.loss, tuple(model.output_shape[1:]), classes)
    if problems := list(metric_problems(train.metrics, 1 if encoding == "binary" else classes)):
        raise SpecError(problems)  # as with the layers, only the images gave the classes
    return encoding


def build_compiled_model(
    nodes: Sequence[Node], inputs: InputSpec, train: Train, seed: int, name: str, total_steps: int = 1
) -> tuple[keras.Model, str]:
    """The compiled model of a spec, and the encoding of its labels.

    Raises:
        SpecError: A layer, the loss or the optimizer does not fit.
    """
    model, classes = build_model(nodes, inputs, train.precision, seed, name), len(inputs.class_names)
    encoding = encoding_for(train, model, classes)
    factors = train.learning_rate_factors
    compile_model(model, train.optimizer, train.loss, train.metrics, classes, total_steps, rate_factors=factors)
    return model, encoding
