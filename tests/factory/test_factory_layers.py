"""A kernel of 1×1 with strides on few channels: computed as Keras means it, and not as oneDNN does."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from cnncli.factory.objects import construct

pytestmark = pytest.mark.slow

# Ended by SIGABRT or SIGSEGV within 300 steps, or hung, in each of 24 trials, when it was Keras' own layer.
STEPS = """
from cnncli.startup import tf
from cnncli.catalog.entries import Entry
from cnncli.factory.objects import construct
import numpy as np

layer = construct(Entry("layer", "Conv2D", {"filters": 6, "kernel_size": 1, "strides": 2}))
image = tf.constant(np.ones((1, 18, 22, 3), np.float32))
for _ in range(400):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(image))
    tape.gradient(loss, layer.trainable_variables)
    others = [np.empty(size) for size in range(1, 400, 20)]
print("went well")
"""


def result_and_gradients(layer, images):
    """What it makes of the images, and how a sum of it depends on image, kernel and bias."""
    from cnncli.startup import tf

    given = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(given)
        result = layer(given)
        loss = tf.reduce_sum(result**2)
    return [result, *tape.gradient(loss, [given, *layer.trainable_variables])]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("size", "channels", "strides"), [((9, 12), 3, 2), ((8, 7), 15, [3, 1]), ((9, 9), 16, 2), ((1, 5), 1, [2, 2])]
)
def test_the_pixels_it_takes_first_are_those_that_keras_would_take(entry, size, channels, strides, padding):
    arguments = {"filters": 4, "kernel_size": 1, "strides": strides, "padding": padding, "activation": "relu"}
    ours = construct(entry("layer", {"Conv2D": arguments}))
    from cnncli.startup import keras

    images = np.random.default_rng(0).normal(size=(3, *size, channels)).astype(np.float32)
    ours(images)
    weights = [np.random.default_rng(1).normal(size=weight.shape) for weight in ours.get_weights()]
    ours.set_weights(weights)
    pixels = images[:, :: ours.strides[0], :: ours.strides[1]]
    plain = keras.layers.Conv2D(4, 1, activation="relu")
    plain(pixels)
    plain.set_weights(weights)
    found, expected = result_and_gradients(ours, images), result_and_gradients(plain, pixels)
    found[1] = found[1][:, :: ours.strides[0], :: ours.strides[1]]
    for ours_is, theirs_is in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours_is, theirs_is, rtol=1e-5, atol=1e-5)
    own = keras.layers.Conv2D(4, 1, strides=strides, padding=padding, activation="relu")
    own(images)
    own.set_weights(weights)  # its result is right, and only its gradient ends the process
    np.testing.assert_allclose(own(images), ours(images), rtol=1e-5, atol=1e-5)


def test_a_training_on_one_thread_survives_it():
    one = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1"}  # with several the harm is seldom seen
    command = [sys.executable, "-c", STEPS]
    done = subprocess.run(command, env=one, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "went well\n"), done.stderr
