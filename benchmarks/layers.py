"""Layers that cnncli computes in its own way: time of a step as Keras computes it and as cnncli does.

    python benchmarks/layers.py [--rounds 9] [--only tiles]

A step of a layer, or of a whole network, is its output and all its gradients for 128 or 32 images of noise. The two
take turns; the figures are medians of the rounds. Without bfloat16 the convolutions of 128 images are Keras' own;
those in tiles name the size of their batch.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from cnncli.factory import layers
from cnncli.startup import keras, tf

IMAGES = 128
NORMALISED = [(32, 24), (32, 32), (16, 64), (8, 128), (4, 256)]
CONVOLVED = [(16, 64, 64), (9, 128, 128), (8, 64, 64), (8, 128, 128), (8, 256, 256), (7, 512, 512), (4, 256, 256)]
TILED = [  # images, size, channels, filters, side of the kernel
    (128, 16, 128, 256, 5),
    (128, 16, 256, 512, 3),
    (128, 16, 512, 512, 5),
    (512, 15, 64, 256, 3),
    (512, 7, 256, 256, 3),
    (512, 3, 256, 256, 3),
    (128, 24, 64, 128, 3),
    (32, 56, 128, 128, 3),
    (32, 28, 256, 256, 3),
    (32, 14, 256, 256, 3),
    (32, 8, 512, 512, 3),
]
DEPTHWISE = [(24, 144, 3, 1), (24, 144, 3, 2), (12, 192, 5, 1), (12, 192, 5, 2)]
NETWORKS = ["MobileNetV2", "EfficientNetB0", "ResNet50"]
SIDE = 96
DTYPES = ["float32", "bfloat16"]
LEAST = 0.05
"""Seconds of measured steps in each round."""


def step_of(layer: keras.layers.Layer, images: tf.Tensor, **call_arguments: bool) -> Callable[[], tf.Tensor]:
    """A function that trains the layer for one step."""
    layer.build(images.shape)
    weights = [weight.value for weight in layer.trainable_variables]

    @tf.function(autograph=False)
    def step(images: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = layer(images, **call_arguments)
            loss = tf.reduce_sum(tf.cast(outputs, "float32"))
        return [gradient[0] for gradient in tape.gradient(loss, [images, *weights])]

    return lambda: step(images)[0].numpy()


def seconds_of(step: Callable[[], tf.Tensor], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - began) / times


def compare(what: str, dtype: str, shape: tuple[int, ...], pair: list[keras.layers.Layer], rounds: int, **how) -> None:
    """Prints one line of the table."""
    images = tf.cast(tf.random.normal(shape), dtype)
    theirs, ours = (step_of(layer, images, **how) for layer in pair)
    theirs(), ours()
    times = max(1, round(LEAST / seconds_of(theirs, 2)))
    found = [(seconds_of(theirs, times), seconds_of(ours, times)) for _ in range(rounds)]
    before, after = (1000 * statistics.median(seconds) for seconds in zip(*found, strict=True))
    ratio = statistics.median(ours / theirs for theirs, ours in found)
    print(f"{what:<34}{dtype:<10}{before:>9.1f}{after:>9.1f}{ratio:>8.2f}", flush=True)


def normalisations(dtype: str, policy: str, rounds: int) -> None:
    for size, channels in NORMALISED:
        pair = [module.BatchNormalization(dtype=policy) for module in (keras.layers, layers)]
        compare(f"norm {size}×{size}×{channels}", dtype, (IMAGES, size, size, channels), pair, rounds, training=True)


def convolutions(dtype: str, policy: str, rounds: int) -> None:
    for size, channels, filters in CONVOLVED:
        shape = IMAGES, size, size, channels
        pair = [module.Conv2D(filters, 3, padding="same", dtype=policy) for module in (keras.layers, layers)]
        compare(f"conv {size}×{size}×{channels} → {filters}", dtype, shape, pair, rounds)


def tiles(dtype: str, policy: str, rounds: int) -> None:
    for images, size, channels, filters, side in TILED if dtype == "float32" else []:
        pair = [layers.Conv2D(filters, side, padding="same") for _ in range(2)]
        pair[1].tiled_batch = images
        what = f"tiles {images}×{size}×{size}×{channels} → {filters}, {side}"
        compare(what, dtype, (images, size, size, channels), pair, rounds, training=True)


def depthwise(dtype: str, policy: str, rounds: int) -> None:
    for size, channels, side, strides in DEPTHWISE:
        shape = IMAGES // 4, size, size, channels
        how = {"strides": strides, "padding": "same", "dtype": policy}
        pair = [module.DepthwiseConv2D(side, **how) for module in (keras.layers, layers)]
        compare(f"depth {size}×{size}×{channels}, {side} / {strides}", dtype, shape, pair, rounds)


def networks(dtype: str, policy: str, rounds: int) -> None:
    for name in NETWORKS:
        shape = IMAGES // 4, SIDE, SIDE, 3
        make = getattr(keras.applications, name)
        pair = [make(include_top=False, weights=None, input_shape=shape[1:]) for _ in range(2)]
        pair[1] = layers.computed_here(pair[1])
        compare(f"{name} {SIDE}×{SIDE}", dtype, shape, pair, rounds, training=True)


PARTS = {part.__name__: part for part in (normalisations, convolutions, tiles, depthwise, networks)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=PARTS)
    arguments = parser.parse_args()
    print(f"{'ms of a step':<44}{'Keras':>9}{'cnncli':>9}{'ratio':>8}")
    for dtype in DTYPES:
        policy = dtype if dtype == "float32" else f"mixed_{dtype}"
        keras.config.set_dtype_policy(policy)
        for name, part in PARTS.items():
            if arguments.only in (None, name):
                part(dtype, policy, arguments.rounds)


if __name__ == "__main__":
    main()
