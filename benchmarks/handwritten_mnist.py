"""The network of configs/mnist.yaml written by hand in Keras: NumPy arrays and `fit`.

    python benchmarks/handwritten_mnist.py mnist.npz

Prints the seconds of each epoch as JSON, which `training.py` reads.
"""

import json
import sys
import time

import keras
import numpy as np


class Clock(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.began)


def main(file):
    with np.load(file) as arrays:
        x_train, y_train, x_test, y_test = (arrays[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    x_train = (x_train / 255 - 0.5)[..., None].astype("float32")
    x_test = (x_test / 255 - 0.5)[..., None].astype("float32")
    y_train, y_test = keras.utils.to_categorical(y_train), keras.utils.to_categorical(y_test)
    x_validation, y_validation, x_train, y_train = (
        x_train[54_000:],
        y_train[54_000:],
        x_train[:54_000],
        y_train[:54_000],
    )
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(8, 3),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    schedule = keras.optimizers.schedules.CosineDecay(0.01, decay_steps=3 * 1688)
    model.compile(keras.optimizers.Adam(schedule), "categorical_crossentropy", metrics=["accuracy"])
    clock = Clock()
    data = (x_validation, y_validation)
    model.fit(x_train, y_train, batch_size=32, epochs=3, validation_data=data, verbose=0, callbacks=[clock])
    model.evaluate(x_test, y_test, verbose=0)
    print(json.dumps(clock.seconds))


if __name__ == "__main__":
    main(sys.argv[1])
