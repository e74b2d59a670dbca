"""The images of a spec, once everything is refused of them that a training refuses before TensorFlow starts."""

from __future__ import annotations

from cnncli.notices import Notice
from cnncli.runner.inputs.class_check import require_class_weights
from cnncli.runner.inputs.size_findings import warn_about_sizes
from cnncli.runner.inputs.source_check import load_readable_splits
from cnncli.runner.inputs.splits import Splits
from cnncli.spec.schema import Spec


def checked_images(spec: Spec, notice: Notice) -> Splits:
    """Loads and divides the images of a spec, and reads the headers of its files; pixels are not decoded.

    Args:
        spec: A checked spec.
        notice: Receives a line about whatever is left out or looks wrong.

    Raises:
        DataError: Images are missing, cannot be read, or cannot be divided as the spec asks.
        SpecError: The spec has weights for classes that there are none of.
        ResourceError: The images do not fit into memory.
    """
    splits = load_readable_splits(spec.data, spec.seed, notice)
    require_class_weights(spec.train, splits.class_names)
    warn_about_sizes(spec, splits, notice)
    return splits
