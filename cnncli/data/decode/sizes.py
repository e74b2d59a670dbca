"""The size that all image files have, when they have one, and one to propose when they have many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from cnncli.data.decode.image import size_of
from cnncli.data.samples import FileSamples, with_remedy
from cnncli.data.threads import each_in_threads
from cnncli.errors import DataError

_STEP = 32
_LARGEST = 224  # what networks for photographs are usually given; cameras make images of thousands


def common_size(splits: Sequence[FileSamples]) -> tuple[int, int]:
    """Height and width of all images, from their headers; a DataError when they differ, or one cannot be read."""
    files = [(samples.path(number), samples.input_format) for samples in splits for number in range(len(samples))]
    try:
        sizes = Counter(each_in_threads(lambda number: size_of(*files[number]), len(files)))
    except DataError as error:
        raise with_remedy(error) from error
    if len(sizes) == 1:
        return next(iter(sizes))
    (height, width), count = sizes.most_common(1)[0]
    proposed = proposed_size(sizes)
    raise DataError(
        f"the images have {len(sizes):,} different sizes; {count:,} of {sizes.total():,} are {height}×{width}",
        f"set the size that the model sees: data.image.size, for example [{proposed[0]}, {proposed[1]}]",
    )


def proposed_size(sizes: Mapping[tuple[int, int], int]) -> tuple[int, int]:
    """Height and width to propose for images of many sizes: near the median, in steps of 32, at most 224.

    `sizes` counts the images of each height and width.

    Example:
        >>> proposed_size({(300, 200): 3, (3000, 4000): 1})
        (224, 160)
    """
    medians = np.median(np.repeat(list(sizes), list(sizes.values()), axis=0), axis=0)
    shrink = min(1.0, _LARGEST / medians.max())
    height, width = (max(_STEP, _STEP * round(side * shrink / _STEP)) for side in medians.tolist())
    return height, width
