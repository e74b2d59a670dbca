"""What people write into a section for what is said in another way, and how it is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.datasets import DATASETS
from cnncli.catalog.image_sources import place_of
from cnncli.catalog.source import as_yaml
from cnncli.catalog.validators import is_number, is_whole
from cnncli.errors import KeyPath
from cnncli.wording import near_word

_RATE = "the learning rate belongs to the optimizer: 'optimizer: {Adam: {learning_rate: 0.001}}'"
_SCHEDULE = "a schedule is the learning rate of the optimizer: 'optimizer: {Adam: {learning_rate: {CosineDecay: …}}}'"
_PLACE = "a place is the source: 'source: {folder: {path: …}}'"
_SIZE = "write 'image: {size: 64}', or [height, width]"
_SHUFFLED = "training images are shuffled in every epoch; leave it out"
_CORES = "every core is used; leave it out"
_KEPT = "every run keeps its best and its last weights; leave it out"
_HEAD = "the last layer says so: 'Dense: {units: classes, activation: softmax}'"
_AUGMENT = "write 'augment: [RandomFlip]' at the top level"
_PATIENCE = "write 'callbacks: [{EarlyStopping: {patience: 5}}]'"
_LAYER = "a pretrained network is a layer: 'layers: [{MobileNetV2: {weights: imagenet}}, …]'"

EVERYWHERE: Mapping[str, str] = {
    **dict.fromkeys(("learning_rate", "lr"), _RATE),
    **dict.fromkeys(("scheduler", "lr_scheduler", "lr_schedule", "learning_rate_schedule"), _SCHEDULE),
    "input_shape": "the input shape is taken from the data; leave it out",
    **dict.fromkeys(("validation_split", "val_split"), "write 'data.split: {validation: 0.1}'"),
    "test_split": "write 'data.split: {test: 0.2}'",
    "dataset": "write 'data: {source: mnist}'",
    "extends": "only the spec in a file can extend another, and the spec of a run cannot",
    **dict.fromkeys(("early_stopping", "patience"), f"{_PATIENCE} under 'train'"),
    **dict.fromkeys(("num_workers", "workers"), _CORES),
    **dict.fromkeys(("augmentation", "augmentations", "transforms", "transform"), _AUGMENT),
    **dict.fromkeys(("random_seed", "random_state"), "write 'seed' at the top level"),
}
"""In every section: a key, and the end of the message about it."""

OF_SECTION: Mapping[KeyPath, Mapping[str, str]] = {
    ("data",): {
        **dict.fromkeys(("path", "folder", "dir", "directory", "root", "data_dir", "train", "train_dir"), _PLACE),
        **dict.fromkeys(("table", "csv", "labels"), "a table is the source: 'source: {table: {path: …}}'"),
        **dict.fromkeys(("image_size", "img_size", "input_size", "target_size", "size"), _SIZE),
        "shuffle": _SHUFFLED,
        **dict.fromkeys(("validation", "val"), "write 'split: {validation: 0.1}'"),
        "test": "write 'split: {test: 0.2}'",
        **dict.fromkeys(("num_classes", "class_names"), "write 'classes', a list of names, or leave it out"),
        **dict.fromkeys(("normalize", "rescale", "normalization"), "write 'scale: [0, 1]', which is the default"),
        "color_mode": "write 'image: {color: grayscale}'",
    },
    ("model",): {
        **dict.fromkeys(("backbone", "base", "base_model", "architecture", "arch", "pretrained", "type"), _LAYER),
        **dict.fromkeys(("num_classes", "classes", "output", "outputs", "n_classes"), _HEAD),
        "input": "the input shape is taken from the data; leave it out",
        "dropout": "write it among the layers: 'Dropout: {rate: 0.5}'",
    },
    ("train",): {
        "shuffle": _SHUFFLED,
        "verbose": "the command has --quiet; leave it out",
        **dict.fromkeys(("gpu", "gpus", "cuda"), "a graphics card is used where there is one; for several: 'devices'"),
        "weight_decay": "it belongs to the optimizer: 'optimizer: {AdamW: {weight_decay: 0.004}}'",
        "momentum": "it belongs to the optimizer: 'optimizer: {SGD: {momentum: 0.9}}'",
        "label_smoothing": "it belongs to the loss: 'loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}'",
        "from_logits": "it belongs to the loss: 'loss: {CategoricalCrossentropy: {from_logits: true}}'",
        "dropout": "write it among the layers: 'Dropout: {rate: 0.5}'",
        **dict.fromkeys(("steps_per_epoch", "validation_steps"), "an epoch is every image once; leave it out"),
        **dict.fromkeys(("save_best", "save_best_only", "checkpoints"), _KEPT),
        **dict.fromkeys(("amp", "fp16", "mixed_precision"), "write 'precision: auto'"),
        **dict.fromkeys(("time", "duration", "time_limit"), "did you mean 'max_time'?"),
    },
    ("data", "split"): {
        "train": "what 'validation' and 'test' leave is for training",
        **dict.fromkeys(("val", "valid", "dev"), "did you mean 'validation'?"),
        **dict.fromkeys(("shuffle", "seed"), "images are dealt at random, by the 'seed' of the spec; leave it out"),
    },
    ("data", "image"): {
        **dict.fromkeys(("channels", "mode", "color_mode", "grayscale"), "write 'color: grayscale' or 'color: rgb'"),
        **dict.fromkeys(("height", "width", "shape"), "write 'size: [height, width]'"),
    },
}
"""In one section, by its path: a key, and the end of the message about it."""


def _data(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return f"{{source: {value if value in DATASETS else f'{{{place_of(value)}}}'}}}"


def _image(value: Any) -> str:
    if isinstance(value, list) and len(value) in (2, 3) and all(map(is_whole, value)):
        return f"{{size: {value[:2]}}}"
    return f"{{size: {value}}}" if is_whole(value) else ""


def _split(value: Any) -> str:
    if isinstance(value, list) and len(value) in (2, 3) and all(map(is_number, value)):
        return f"{{validation: {value[-2] if len(value) == 3 else 0}, test: {value[-1]}}}"
    return f"{{validation: {value}}}" if is_number(value) and 0 < value < 1 else ""


def _model(value: Any) -> str:
    if isinstance(value, list):
        return f"{{layers: {as_yaml(value)}}}"
    name = near_word(value, BACKBONES) if isinstance(value, str) else None
    head = "GlobalAveragePooling2D, {Dense: {units: classes, activation: softmax}}"
    return f"{{layers: [{name}, {head}]}}" if name else ""


def _train(value: Any) -> str:
    return f"{{epochs: {value}}}" if is_whole(value) else ""


AS_KEYS: Mapping[KeyPath, Callable[[Any], str]] = {
    ("data",): _data,
    ("data", "image"): _image,
    ("data", "split"): _split,
    ("model",): _model,
    ("train",): _train,
}
"""How a value that stands for a whole section is written with its keys, where that is clear; else empty."""
