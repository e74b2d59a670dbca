"""Threads of one TensorFlow operation, by a rule from the network and the processor.

Threads wait for each other at the end of an operation. In a small network that takes longer than what they share; with
one thread, each core computes an operation of its own instead, such as the gradient of a kernel beside that of its
input, or the next batch. The last digits of results depend on the number, so it follows from the spec and the number
of cores alone.
"""

from __future__ import annotations

from cnncli.catalog.layer_traits import OF_BATCHES, traits_of
from cnncli.machine import has_nvidia_driver, usable_cores
from cnncli.spec.schema import Spec
from cnncli.spec.shapes.network_shapes import infer_shapes
from cnncli.spec.shapes.operations import macs_of
from cnncli.spec.static_data_info import static_data_info

SMALL = 2_000_000
"""Multiply-adds of a layer for a batch, on average, up to which two cores are quicker with an operation each."""


def threads_of(spec: Spec, cores: int | None = None, *, halves: bool = True) -> int:
    """Threads of one operation in a training of a spec: what `train.threads` says, or by the rule.

    Args:
        spec: The spec.
        cores: Cores of the processor; those that this process may use by default.
        halves: Whether two cores may take half of each batch.
    """
    cores = cores or usable_cores()
    if isinstance(spec.train.threads, int):
        return spec.train.threads
    if halves and cores == 2 and _takes_halves(spec):
        return 1
    work = _work(spec)
    # With n threads an operation of work w takes w/n and their wait: longer than w while w is below n/(n - 1) waits
    return 1 if cores > 1 and work is not None and work <= SMALL / 2 * cores / (cores - 1) else cores


def _takes_halves(spec: Spec) -> bool:
    """Whether each of two cores computes half of every batch, which is quicker however large a network is.

    Only networks can whose layers take each image by itself.
    """
    layers = [node.entry for node in spec.model.nodes]
    alone = all(
        traits_of(layer.name) is not None and layer.name not in OF_BATCHES and layer.get("activity_regularizer") is None
        for layer in layers
    )
    plain = spec.train.precision == "float32" and not spec.train.jit_compile and spec.train.devices in (None, 1)
    return alone and plain and not has_nvidia_driver()


def _work(spec: Spec) -> float | None:
    """Mean multiply-adds of a layer with weights for one batch; None if only the images or Keras can tell."""
    images = static_data_info(spec.data)
    steps = infer_shapes(spec.model.nodes, images.shape, images.classes).steps
    counts = [macs_of(step) for step in steps]
    if None in counts or not any(counts):
        return None
    own = [count for count in counts if count]
    return spec.train.batch_size * sum(own) / len(own)
