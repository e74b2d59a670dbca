"""What is odd about the images of a run, as far as the run itself records it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from cnncli.runner.inputs.data_record import DataRecord
from cnncli.wording import counted, some

UNEVEN = 5
"""Times as many training images as the smallest class has, from which on the largest one is named."""


def findings_of(record: DataRecord, rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """One sentence for each oddity.

    Args:
        record: Record of the run's images.
        rows: Rows of images.csv: `split`, `class` and `content` of each image, with a hash as its content.
    """
    for reason, count in record.unused.items():
        images = f"{counted(count, 'image')} of the source {'is' if count == 1 else 'are'}"
        yield f"{images} not used ({reason.replace('-', ' ')})."
    if not record.counts:
        return  # of a run of an older version
    trained = record.counts["train"]
    least, most = (pick(trained, key=lambda name: trained[name]) for pick in (min, max))
    if trained[most] >= UNEVEN * max(trained[least], 1):
        yield (
            f"Uneven classes: {counted(trained[most], 'training image')} of {most}, {trained[least]:,} of {least}. "
            "The figures of rare classes are less sure, and the network may prefer common ones; "
            "train.class_weight: balanced makes up for it."
        )
    for split, of_split in record.counts.items():
        if lacking := [name for name, count in of_split.items() if not count]:
            yield f"No {split} images of {some(lacking)}."
    yield from _copies(rows)


def _copies(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Images with the same content in two splits, in one, or in two classes."""
    contents: dict[str, Counter[str]] = {}
    classes: dict[str, set[str]] = {}
    for row in rows:
        contents.setdefault(row["split"], Counter())[row["content"]] += 1
        classes.setdefault(row["content"], set()).add(row["class"])
    for split, of_split in contents.items():
        leaked = 0 if split == "train" else sum(of_split[content] for content in of_split.keys() & contents["train"])
        if leaked:
            yield (
                f"{counted(leaked, f'{split} image')} of {of_split.total():,} {'is' if leaked == 1 else 'are'} among "
                "the training images: the network has seen them, so the figures are too good."
            )
    for split, of_split in contents.items():
        if copies := of_split.total() - len(of_split):
            yield f"{counted(copies, f'{split} image')} {'is a copy' if copies == 1 else 'are copies'} of others."
    if several := sum(len(names) > 1 for names in classes.values()):
        yield f"{counted(several, 'image')} {'is' if several == 1 else 'are'} in two classes or more."
