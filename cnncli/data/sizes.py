"""The size that all image files have, when they have one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnncli.data.images import size_of
from cnncli.data.samples import FileSamples
from cnncli.data.threads import in_threads
from cnncli.errors import DataError


def common_size(splits: Sequence[FileSamples]) -> tuple[int, int]:
    """Height and width of all images; their headers are read, nothing is decoded.

    Raises:
        DataError: they differ, or one cannot be read.
    """
    sizes: Counter[tuple[int, int]] = Counter()
    for samples in splits:

        def look(numbers: range, samples: FileSamples = samples) -> Counter[tuple[int, int]]:
            return Counter(size_of(samples.path(number)) for number in numbers)

        for some in in_threads(look, len(samples)):
            sizes += some
    if len(sizes) == 1:
        return next(iter(sizes))
    (height, width), count = sizes.most_common(1)[0]
    raise DataError(
        f"the images have {len(sizes):,} different sizes; {count:,} of {sizes.total():,} are {height}×{width}",
        "say the size the model sees: data.image.size, such as [96, 96]",
    )
