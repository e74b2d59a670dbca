"""Checks of what depends on the classes where a training starts, as soon as the images have told them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cnncli.data.names.similar_names import similar_names
from cnncli.data.quality.class_warnings import merging_mapping
from cnncli.data.samples import ImageData
from cnncli.errors import DataError, SpecError
from cnncli.spec.class_weights import wrong_class_weights
from cnncli.spec.rules import network_problems
from cnncli.spec.schema import Spec, Split
from cnncli.spec.shapes.network_shapes import infer_shapes
from cnncli.wording import some


def unused_splits(split: Split) -> tuple[str, ...]:
    """The splits that are not used even where a source has them: validation images that a spec does not want."""
    return ("validation",) if split.validation == 0 else ()


def require_known_classes(source: ImageData[Any], used: Collection[str]) -> None:
    """Refuses images to validate or test on whose classes a network cannot know.

    Raises:
        DataError: A split that is used has a class that the training images lack.
    """
    for split in (split for split in used if source.foreign.get(split)):
        names = list(source.foreign[split])
        hint = "add training images, or list the classes to use in data.classes: the others are left out"
        if alike := similar_names([*source.class_names, *names]):
            mapping = merging_mapping([*source.class_names, *names], alike)
            hint = f"if similar names mean the same class, set {mapping}; otherwise, {hint}"
        if split == "validation":
            hint += "; 'data.split.validation: 0' uses no validation images"
        raise DataError(
            f"the {split} images have the class{'es' if len(names) > 1 else ''} {some(names)}, "
            "which the training images lack",
            hint,
        )


def require_fitting_spec(spec: Spec, image_shape: tuple[int, int, int], class_names: tuple[str, ...]) -> None:
    """Refuses class weights and a network that do not belong to the classes and the size of the images.

    Raises:
        SpecError: A weight is of no class, all images weigh nothing, or a layer or the output does not fit.
    """
    shapes = infer_shapes(spec.model.nodes, image_shape, len(class_names))
    problems = [*wrong_class_weights(spec.train.class_weight, class_names), *network_problems(spec, shapes)]
    if problems:
        raise SpecError(problems)
