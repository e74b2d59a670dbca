"""Duration of a training step of shipped configs: with oneDNN, without it, and in mixed_bfloat16.

    python benchmarks/step.py [--rounds 3] [NAME ...]

On x86 processors cnncli always enables oneDNN; TensorFlow itself does so only with AVX512-VNNI or better. Each network
trains on noise at the batch size of its spec, each way in a process of its own, in turn. The figures are medians of the
rounds; NAME is the name of a config. Without bfloat16 in the processor mixed_bfloat16 is very slow.
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
"""Seconds of measured steps."""


def measure(name: str, precision: str) -> None:
    """Prints the seconds of a step, in a process that has decided about oneDNN."""
    from cnncli.runner.inputs.splits import load_input_spec
    from cnncli.runner.model.build import build_compiled_model
    from cnncli.spec import load
    from cnncli.startup import tf

    spec = load(CONFIGS / f"{name}.yaml", [f"train.precision={precision}"]).spec
    inputs = load_input_spec(spec.data)
    model, encoding = build_compiled_model(spec.model.nodes, inputs, spec.train, spec.seed, spec.name, total_steps=1000)
    batch, classes = spec.train.batch_size, model.output_shape[-1]
    pixels = tf.cast(tf.random.uniform((batch, *model.input_shape[1:]), maxval=256, dtype=tf.int32), tf.uint8)
    labels = tf.range(batch) % classes
    if encoding == "one_hot":
        labels = tf.one_hot(labels, classes)
    options = tf.data.Options()
    options.autotune.enabled = False  # an iterator that ends waits for the autotuner, which sleeps for seconds
    dataset = tf.data.Dataset.from_tensors((pixels, labels)).repeat().with_options(options)
    steps, seconds = 2, 0.0
    model.fit(dataset, steps_per_epoch=steps, verbose=0)
    while seconds < LEAST:
        steps *= 2
        began = time.perf_counter()
        model.fit(dataset, steps_per_epoch=steps, verbose=0)
        seconds = time.perf_counter() - began
    print(seconds / steps)


def step(name: str, onednn: str, precision: str) -> float:
    """Seconds of a step in a process of its own."""
    program = [sys.executable, __file__, "--measure", precision, name]
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn}
    return float(subprocess.run(program, capture_output=True, text=True, check=True, env=environment).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", metavar="PRECISION", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(*options.names, options.measure)
        return
    print(f"{'seconds of a step':<26}{'float32':>9}{'no oneDNN':>18}{'mixed_bfloat16':>18}")
    for name in options.names:
        rounds = [
            (step(name, "1", "float32"), step(name, "0", "float32"), step(name, "1", "mixed_bfloat16"))
            for _ in range(options.rounds)
        ]
        base, without, mixed = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
        slower = statistics.median(one[1] / one[0] for one in rounds)
        half = statistics.median(one[2] / one[0] for one in rounds)
        print(f"{name:<26}{base:>9.4f}{without:>9.4f} ({slower:4.2f}×){mixed:>9.4f} ({half:4.2f}×)", flush=True)


if __name__ == "__main__":
    main()
