"""The environment of a run: everything that may change the last bits of a training."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from cnncli import __version__
from cnncli.machine import processor_name, usable_cores
from cnncli.runner.model.plugin_check import RECORD, package_layers, record_of
from cnncli.spec.graph import Node
from cnncli.startup import device_name, tf

_PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn", "pillow")
_LABELS = {"device": "device", "processor": "processor", "threads": "number of threads", "onednn": "oneDNN setting"}


def environment(nodes: Sequence[Node] = ()) -> dict[str, Any]:
    """Versions and hardware, as environment.json has them.

    Args:
        nodes: Layers of the spec; the packages that define them belong to the environment.
    """
    layers = package_layers(nodes)
    plugins = {layer.package: layer.version for layer in layers.values()}
    return {
        "cnncli": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "device": device_name(),
        "processor": processor_name(),
        "threads": _threads(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "packages": {**{package: version(package) for package in _PACKAGES}, **plugins},
        **({RECORD: record_of(layers)} if layers else {}),
    }


def command_line(command: Sequence[str]) -> list[str]:
    """A command line for the record; bytes of a file name that are not UTF-8 are written as `\\udce9`."""
    return [word.encode("utf-8", "backslashreplace").decode("utf-8") for word in command]


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The differences between two environments that may change the last bits: `tensorflow 2.21.0, now 2.22.0`."""
    texts = []
    packages = before.get("packages")
    for name, value in now["packages"].items():
        recorded = packages.get(name) if isinstance(packages, dict) else None
        if name not in ("scikit-learn", "pillow") and recorded != value:
            texts.append(f"{name} {recorded}, now {value}")
    texts += [
        f"{label} {before.get(key)}, now {now[key]}" for key, label in _LABELS.items() if before.get(key) != now[key]
    ]
    return texts


def _threads() -> int:
    """Number of threads of one TensorFlow operation."""
    configured = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    if configured.isdigit() and int(configured):
        return int(configured)
    return int(tf.config.threading.get_intra_op_parallelism_threads()) or usable_cores()
