"""How long a training step of shipped configs takes without oneDNN, and with it, as cnncli has it on x86 processors.

    python benchmarks/onednn.py [--rounds 3] [NAME ...]

TensorFlow alone switches it on where the processor has AVX512-VNNI or better. Each network is trained on noise at the
batch size of its spec, with and without in processes of their own that take turns. The figures are medians of the
rounds; NAME is that of a config.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

CONFIGS = Path(__file__).parent.parent / "configs"
NAMES = (
    "mnist",
    "caltech4_stridednet",
    "cifar10_mixup_cutmix",
    "cifar10_resnet",
    "cifar10_resnet_onecycle",
    "inception_small",
    "separable_small",
)
LEAST = 2.0
"""Seconds that steps are measured for."""


def measure(name: str) -> None:
    """Prints the seconds of a step, in a process that has decided about oneDNN."""
    from cnncli.runner.prepare import compiled, inputs_of_spec
    from cnncli.spec import load
    from cnncli.startup import tf

    spec = load(CONFIGS / f"{name}.yaml").spec
    model, encoding = compiled(spec, inputs_of_spec(spec.data), total_steps=1000)
    batch, classes = spec.train.batch_size, model.output_shape[-1]
    pixels = tf.cast(tf.random.uniform((batch, *model.input_shape[1:]), maxval=256, dtype=tf.int32), tf.uint8)
    labels = tf.range(batch) % classes
    if encoding == "one_hot":
        labels = tf.one_hot(labels, classes)
    options = tf.data.Options()
    options.autotune.enabled = False  # the end of an iterator waits for the autotuner, which sleeps for seconds
    dataset = tf.data.Dataset.from_tensors((pixels, labels)).repeat().with_options(options)
    steps, seconds = 2, 0.0
    model.fit(dataset, steps_per_epoch=steps, verbose=0)
    while seconds < LEAST:
        steps *= 2
        began = time.perf_counter()
        model.fit(dataset, steps_per_epoch=steps, verbose=0)
        seconds = time.perf_counter() - began
    print(seconds / steps)


def step(name: str, onednn: str) -> float:
    """Seconds of a step in a process of its own."""
    program = [sys.executable, __file__, "--measure", name]
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn}
    return float(subprocess.run(program, capture_output=True, text=True, check=True, env=environment).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    print(f"{'seconds of a step':<26}{'without':>9}{'with':>9}{'with / without':>16}")
    for name in options.names:
        rounds = [(step(name, "0"), step(name, "1")) for _ in range(options.rounds)]
        without, with_it = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
        ratio = statistics.median(after / before for before, after in rounds)
        print(f"{name:<26}{without:>9.4f}{with_it:>9.4f}{ratio:>16.2f}", flush=True)


if __name__ == "__main__":
    main()
