"""Steps that the devices of several machines share: those of `several.py`, with sums that pass between processes.

Each process has the whole list of images, and in every step makes and computes the share of its own devices. One sum
over all processes has the gradients, the loss, and the outputs of each share at their place in the batch, so every
process has the metrics of the whole batch and takes the same step.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import signal
import threading
from typing import Any

import numpy as np

from cnncli.errors import ResourceError
from cnncli.factory.computation.halves import LOGITS
from cnncli.runner.execution.several import SeveralDevices
from cnncli.startup import keras, tf
from cnncli.wording import counted, duration_text
from cnncli.workers.agreement import Difference, digest
from cnncli.workers.group import Group
from cnncli.workers.links import LONGEST


class DevicesOfMachines(SeveralDevices):
    """Runs the steps of a training on every device of several machines.

    Args:
        group: The processes, which have met; TensorFlow of this one has made no tensor yet.
        synchronized: Whether BatchNormalization computes its statistics over the images of all devices.

    Raises:
        ResourceError: A port is taken, or the machines have different numbers of devices.
    """

    def __init__(self, group: Group, synchronized: bool) -> None:
        self._synchronized, self._twins, self._sums = synchronized, [], itertools.count()
        self.group: Group = group
        self._strategy = group.strategy = group.strategy or _strategy(group)  # a second one would meet the first
        self._local = tuple(self._strategy.extended.worker_devices)
        kind = self._local[0].rpartition("device:")[2].partition(":")[0]
        if kind == "CPU" and len(self._local) == 1:
            self._strategy.sum_of_vectors = self._sum_of_vectors
        group.require_same(
            [kind, len(self._local)],
            lambda rank: Difference(
                "machine",
                f"{group.workers.name(rank)} has other devices than {group.workers.name(0)}: this rank has "
                f"{counted(len(self._local), kind)}",
                "hide some with the variable CUDA_VISIBLE_DEVICES",
            ),
        )
        self._first, self.share = group.rank * len(self._local), self._own_rows
        ranks = range(group.count)
        self.devices = tuple(f"rank {rank} {kind}:{number}" for rank in ranks for number in range(len(self._local)))

    def prepare(self, model: keras.Model, batch_size: int, evaluation_batch_size: int) -> None:
        """Synchronises BatchNormalization, also inside backbones."""
        super().prepare(model, batch_size, evaluation_batch_size)
        self._largest = (evaluation_batch_size, batch_size)

    def _own_rows(self, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The rows of the devices of this process: one for each at least, which a validation may leave without."""
        first, last, devices = self._first, self._first + len(self._local) - 1, len(self.devices)
        return first * total // devices, tf.maximum((last + 1) * total // devices, last * total // devices + 1)

    def require_same(self, model: keras.Model) -> None:
        """Compares the weights of all processes, after they were built, read or trained.

        Raises:
            ResourceError: They differ.
        """
        name = self.group.workers.name
        learned = [variable for variable in model.variables if variable.dtype.startswith("float")]
        weights = digest([variable.numpy().tobytes() for variable in learned])
        self.group.require_same(
            weights,
            lambda rank: Difference(
                "machine",
                f"the weights of {name(rank)} are not those of {name(0)}: the two machines compute or read differently",
                "use machines with the same processors and cards, and the same pretrained weights",
            ),
        )

    def _added(
        self,
        context: Any,
        own: list[tf.Tensor],
        loss: tf.Tensor,
        outputs: tf.Tensor,
        rows: tuple[tf.Tensor, tf.Tensor],
        total: tf.Tensor,
    ) -> tuple[list[tf.Tensor], tuple[Any, ...]]:
        """The sums of own values over all devices of all processes; and loss, outputs and logits of the whole batch."""
        self._sums = itertools.count()  # for the next trace: that of one rank may be repeated
        logits = getattr(outputs, LOGITS, None)
        parts = [outputs] if logits is None else [outputs, logits]
        # TensorFlow needs sums of one size within a call, and the last batch of an epoch may be smaller
        around = [[rows[0], self._largest[bool(own)] - rows[1]], [0, 0]]
        placed = [tf.pad(tf.cast(tensor, tf.float32), around) for tensor in parts]  # (batch, units)
        added = context.all_reduce("SUM", [*own, loss, *placed])
        summed, (whole_loss, *whole) = added[: len(own)], added[len(own) :]
        whole = [tf.cast(tensor[:total], part.dtype) for tensor, part in zip(whole, parts, strict=True)]
        return summed, (whole_loss, whole[0], None if logits is None else whole[1])

    def _sum_of_vectors(self, own: tf.Tensor) -> tf.Tensor:
        """The sum of a vector of all processes, in the order of their ranks; on each of them."""
        number, links = next(self._sums), self.group.links
        if own.shape[0] * own.dtype.size > LONGEST:
            return tf.distribute.get_replica_context().all_reduce("SUM", own)

        def added_up(values: np.ndarray) -> np.ndarray:
            given = links.exchange(number, values.tobytes())
            return functools.reduce(np.add, (np.frombuffer(each, values.dtype) for each in given))

        # TensorFlow runs such functions one after the other, in the order in which they were traced
        return tf.ensure_shape(tf.numpy_function(added_up, [own], own.dtype), own.shape)

    def _whole(self, loss: Any, outputs: Any, logits: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Loss and outputs of all devices, which each of them has."""
        (loss, *_), (outputs, *_) = self._of_each(loss), self._of_each(outputs)
        if logits is not None:
            setattr(outputs, LOGITS, self._of_each(logits)[0])
        return loss, outputs


def _strategy(group: Group) -> Any:
    """TensorFlow's strategy, with a server on the port of this process; it waits for those of all others."""
    workers = group.workers
    cluster = tf.train.ClusterSpec({"worker": list(workers.addresses)})
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        cluster, task_type="worker", task_id=workers.rank, rpc_layer="grpc"
    )
    group.links.free_port()
    late = f"TensorFlow did not connect the ranks within {duration_text(workers.wait)}; a firewall may be between them"
    timer = threading.Timer(workers.wait, group.lose, [late])
    timer.daemon = True
    timer.start()
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except tf.errors.UnknownError as error:
        if "server" not in str(error):
            raise
        message = f"{workers.name(workers.rank)} cannot listen on its port"
        raise ResourceError(message, "choose another port, or end the program that uses it") from error
    except RuntimeError as error:
        if "program startup" not in str(error):
            raise
        raise ResourceError("TensorFlow has been started in this program before", "train in a new process") from error
    finally:
        timer.cancel()
    with contextlib.suppress(ValueError):  # in another thread than the main one there are no handlers of ours
        handler = signal.getsignal(signal.SIGTERM)
        if handler is not None:  # TensorFlow has taken the signal for itself
            signal.signal(signal.SIGTERM, handler)
    return strategy
