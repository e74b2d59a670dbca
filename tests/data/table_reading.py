"""Tables and exports of labelling tools as they are read."""

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.sources import table

READING = InputFormat(4, 4, 1)


def read(path, **options):
    """Labels by image for each split, numbers of images left out by reason, and what was told."""
    told = []
    data = table.load(path, READING, notice=told.append, **options)
    labels = {
        split: {name: data.class_names[label] for name, label in zip(samples.names, samples.labels, strict=True)}
        for split, samples in data.splits.items()
    }
    return labels, {one.reason: one.count for one in data.unused}, told
