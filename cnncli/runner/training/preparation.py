"""From a spec and its images to a model that is ready for the first phase of its training."""

from __future__ import annotations

from cnncli.errors import SpecError
from cnncli.factory.image_sizes import take_sizes
from cnncli.runner.execution.devices import execution_for
from cnncli.runner.execution.execution import Execution
from cnncli.runner.inputs.input_spec import InputSpec
from cnncli.runner.inputs.splits import Splits
from cnncli.runner.model.build import build_model, encoding_for
from cnncli.runner.training.batches import Batches
from cnncli.runner.training.phases import TrainingPhases
from cnncli.spec.schema import Spec
from cnncli.spec.sections.devices import wrong_for_several
from cnncli.spec.sections.smaller_images import wrong_schedule
from cnncli.spec.shapes.network_shapes import infer_shapes
from cnncli.spec.shapes.terms import pair
from cnncli.startup import tf


def prepare_phases(spec: Spec, splits: Splits, inputs: InputSpec, execution: Execution | None = None) -> TrainingPhases:
    """Builds the model of a spec and checks what every phase makes of it.

    Raises:
        SpecError: A layer, an augmentation, the loss, a metric, a stage or the number of devices does not fit.
        ResourceError: The model is larger than the memory, or the machine has not the devices.
    """
    train, classes = spec.train, len(inputs.class_names)
    execution = execution or execution_for(train)
    if train.deterministic:
        tf.config.experimental.enable_op_determinism()
    model = build_model(spec.model.nodes, inputs, train.precision, spec.seed, spec.name, execution.scope)
    if schedule := spec.data.image.schedule:
        if problems := [*wrong_schedule(spec, infer_shapes(spec.model.nodes, inputs.shape, classes))]:
            raise SpecError(problems)  # the spec alone may not say the size of the images
        take_sizes(model, [pair(part.size) for part in schedule])
    batches = Batches(splits, encoding_for(train, model, classes), train, spec.augment, spec.seed, schedule)
    execution.prepare(model, train.batch_size, batches.evaluation_batch_size)
    if problems := [*wrong_for_several(train, spec.model.nodes, max(1, len(execution.devices)), batches.images)]:
        raise SpecError(problems)  # only the machine and the images gave the numbers
    return TrainingPhases(model, batches, train, classes, execution, spec.data.caches_on_disk, spec.data.cache_bound)
