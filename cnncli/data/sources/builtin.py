"""The data sets that a spec can name: MNIST from the package, the others from Keras' download cache."""

from __future__ import annotations

import io
import pickle
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.catalog.datasets import DATASETS
from cnncli.data.samples import ImageData, Samples
from cnncli.data.sources.idx import read_idx
from cnncli.data.sources.published import mnist
from cnncli.data.sources.published.download import RemoteFile, fetch
from cnncli.notices import Notice, ignore


def _fashion(name: str, sha256: str, size: int) -> RemoteFile:
    url = f"https://storage.googleapis.com/tensorflow/tf-keras-datasets/{name}-ubyte.gz"
    return RemoteFile(url, f"datasets/fashion-mnist/{name}-ubyte.gz", sha256, size)


def _cifar(name: str, place: str, sha256: str, size: int) -> RemoteFile:
    url = f"https://www.cs.toronto.edu/~kriz/{name}-python.tar.gz"
    return RemoteFile(url, f"datasets/{place}_archive", sha256, size)


# Addresses, cache places and the hashes of CIFAR are those of keras.datasets, so a data set that Keras has downloaded
# is not downloaded again, and the other way round. Keras has no hashes for Fashion-MNIST; these are of the
# authors' files (github.com/zalandoresearch/fashion-mnist), which Keras' server copies byte for byte.
_CIFAR10 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
_CIFAR100 = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"
DOWNLOADS: Mapping[str, tuple[RemoteFile, ...]] = {
    "fashion_mnist": (
        _fashion("train-images-idx3", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 26_421_880),
        _fashion("train-labels-idx1", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", 29_515),
        _fashion("t10k-images-idx3", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 4_422_102),
        _fashion("t10k-labels-idx1", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", 5_148),
    ),
    "cifar10": (_cifar("cifar-10", "cifar-10-batches-py-target", _CIFAR10, 170_498_071),),
    "cifar100": (_cifar("cifar-100", "cifar-100-python-target", _CIFAR100, 169_001_437),),
}
"""What each data set consists of on its server; `mnist` is in the package and has no entry."""


def load(name: str, notice: Notice = ignore) -> ImageData:
    """Reads a built-in data set, a key of `DATASETS`, downloading it the first time; TensorFlow is not started.

    `notice` receives `downloading … (size)` before each download.

    Raises:
        DataError: A download fails, or the copy of MNIST in the package is damaged.
        ResourceError: The cache folder cannot be written to.
    """
    if name == "mnist":
        x_train, y_train, x_test, y_test = mnist.arrays()
    elif name == "fashion_mnist":
        x_train, y_train, x_test, y_test = (read_idx(path, (1, 3)) for path in fetch(DOWNLOADS[name], notice))
    else:
        (archive,) = fetch(DOWNLOADS[name], notice)
        x_train, y_train, x_test, y_test = _cifar10(archive) if name == "cifar10" else _cifar100(archive)
    data_set = DATASETS[name]
    size = (-1, data_set.height, data_set.width, data_set.channels)
    splits = {"train": (x_train, y_train), "test": (x_test, y_test)}
    return ImageData(
        data_set.class_names,
        {split: Samples.numbered(x.reshape(size), y.astype(np.int64)) for split, (x, y) in splits.items()},
    )


def _cifar10(archive: Path) -> tuple[np.ndarray, ...]:
    batches = _unpickled(archive, [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"])
    pairs = [(_channels_last(batch[b"data"]), np.array(batch[b"labels"])) for batch in batches]
    x_train, y_train = (np.concatenate(arrays) for arrays in zip(*pairs[:5], strict=True))
    return x_train, y_train, *pairs[5]


def _cifar100(archive: Path) -> tuple[np.ndarray, ...]:
    parts = _unpickled(archive, ["train", "test"])
    return tuple(array for part in parts for array in (_channels_last(part[b"data"]), np.array(part[b"fine_labels"])))


def _channels_last(rows: np.ndarray) -> np.ndarray:
    """Rows of 3072 bytes, all of red before all of green, as contiguous images."""
    return np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))  # (samples, height, width, channels)


def _unpickled(archive: Path, members: list[str]) -> list[dict[bytes, Any]]:
    """These members of an archive, each a pickled dictionary of Python 2; read from the archive, never unpacked."""
    contents = {}
    with tarfile.open(archive, "r:gz") as tar:
        for entry in tar:  # in the order of the file: looking a name up would read all of it twice
            name = entry.name.rpartition("/")[2]
            if name in members and (stream := tar.extractfile(entry)):
                contents[name] = stream.read()
    return [_ArrayUnpickler(io.BytesIO(contents[name]), encoding="bytes").load() for name in members]


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds NumPy arrays and plain containers, and refuses whatever else a pickle might ask for."""

    ALLOWED = frozenset({"numpy.ndarray", "numpy.dtype", "numpy._core.multiarray._reconstruct"})

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy.core.", "numpy._core.")  # as NumPy 2 calls it
        if f"{module}.{name}" in self.ALLOWED:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a data set")
