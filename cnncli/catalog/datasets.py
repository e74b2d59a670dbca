"""What is known of the built-in data sets without touching their images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Dataset:
    """A data set that a spec can name.

    Args:
        name: the word for `data.source`.
        height: of every image, in pixels.
        width: of every image, in pixels.
        channels: 1 for grey, 3 for red, green and blue.
        class_names: in the order of the labels.
        train: number of training images.
        test: number of test images.
        summary: one line about what is in the pictures and where they come from.
    """

    name: str
    height: int
    width: int
    channels: int
    class_names: tuple[str, ...]
    train: int
    test: int
    summary: str


_FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
# fmt: off
_CIFAR100 = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
    "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
    "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur",
    "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard",
    "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
    "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
    "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket",
    "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
    "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank",
    "telephone", "television", "tiger", "tractor",
    "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
)
# fmt: on

DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        dataset.name: dataset
        for dataset in (
            Dataset(
                name="mnist",
                height=28,
                width=28,
                channels=1,
                class_names=tuple("0123456789"),
                train=60_000,
                test=10_000,
                summary="handwritten digits, light on dark; comes with cnncli",
            ),
            Dataset(
                name="fashion_mnist",
                height=28,
                width=28,
                channels=1,
                class_names=_FASHION,
                train=60_000,
                test=10_000,
                summary="clothes and shoes, light on dark; downloaded once, 31 MB",
            ),
            Dataset(
                name="cifar10",
                height=32,
                width=32,
                channels=3,
                class_names=_CIFAR10,
                train=50_000,
                test=10_000,
                summary="photographs of animals and vehicles; downloaded once, 170 MB",
            ),
            Dataset(
                name="cifar100",
                height=32,
                width=32,
                channels=3,
                class_names=_CIFAR100,
                train=50_000,
                test=10_000,
                summary="photographs of 100 kinds of things; downloaded once, 169 MB",
            ),
        )
    }
)
"""Every built-in data set, by the name that a spec uses."""
