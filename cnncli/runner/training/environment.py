"""What could explain that the same training gives other numbers elsewhere."""

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
_TOLD = {"device": "device", "processor": "processor", "threads": "number of threads", "onednn": "oneDNN setting"}


def environment(nodes: Sequence[Node] = ()) -> dict[str, Any]:
    """Versions and hardware, as environment.json has them.

    Args:
        nodes: the network; the packages that its layers are of belong to the environment.
    """
    layers = package_layers(nodes)
    own = {layer.package: layer.version for layer in layers.values()}
    return {
        "cnncli": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "device": device_name(),
        "processor": processor_name(),
        "threads": _threads(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "packages": {**{package: version(package) for package in _PACKAGES}, **own},
        **({RECORD: record_of(layers)} if layers else {}),
    }


def command_line(command: Sequence[str]) -> list[str]:
    """A command line for the record, in which a file name that is no UTF-8 is written with its bytes as `\\udce9`."""
    return [word.encode("utf-8", "backslashreplace").decode("utf-8") for word in command]


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two environments and can change the last bits: `tensorflow 2.21.0, now 2.22.0`."""
    found = []
    packages = before.get("packages")
    for name, value in now["packages"].items():
        recorded = packages.get(name) if isinstance(packages, dict) else None
        if name not in ("scikit-learn", "pillow") and recorded != value:
            found.append(f"{name} {recorded}, now {value}")
    found += [
        f"{words} {before.get(key)}, now {now[key]}" for key, words in _TOLD.items() if before.get(key) != now[key]
    ]
    return found


def _threads() -> int:
    """Threads that TensorFlow shares the work of one operation among."""
    given = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    if given.isdigit() and int(given):
        return int(given)
    return int(tf.config.threading.get_intra_op_parallelism_threads()) or usable_cores()
