"""The network of configs/caltech4_stridednet.yaml as tutorials write it: images in memory, ImageDataGenerator, `fit`.

    python benchmarks/handwritten_stridednet.py FOLDER EPOCHS

Prints the seconds of each epoch as JSON, which `stridednet.py` reads.
"""

import json
import sys
import time
from pathlib import Path

import keras
import numpy as np
from keras import layers
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from PIL import Image
from sklearn.model_selection import train_test_split

CLASSES = ["Faces", "Leopards", "Motorbikes", "airplanes"]
BATCH = 32


class Clock(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.began)


def images_of(folder):
    images, labels = [], []
    for label, name in enumerate(CLASSES):
        for file in sorted((Path(folder) / name).iterdir()):
            with Image.open(file) as image:
                images.append(np.asarray(image.convert("RGB").resize((96, 96))))
            labels.append(label)
    return np.array(images, dtype="float32") / 255, np.array(labels)


def stridednet():
    regularizer = keras.regularizers.L2(0.0005)
    model = keras.Sequential([keras.Input((96, 96, 3))])
    initial = {"kernel_initializer": "he_normal", "kernel_regularizer": regularizer}
    model.add(layers.Conv2D(16, 7, strides=2, **initial))
    for filters in (32, 64, 128):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu", **initial))
        model.add(layers.BatchNormalization())
        model.add(layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu", **initial))
        model.add(layers.BatchNormalization())
        model.add(layers.Dropout(0.25))
    model.add(layers.Flatten())
    model.add(layers.Dense(512, activation="relu", kernel_initializer="he_normal"))
    model.add(layers.BatchNormalization())
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(len(CLASSES), activation="softmax"))
    schedule = keras.optimizers.schedules.InverseTimeDecay(1e-4, decay_steps=1, decay_rate=2e-6)
    model.compile(keras.optimizers.Adam(schedule), "categorical_crossentropy", metrics=["accuracy"])
    return model


def main(folder, epochs):
    images, labels = images_of(folder)
    rest, _, rest_labels, _ = train_test_split(images, labels, test_size=0.25, stratify=labels, random_state=0)
    validation = round(0.1 * len(images))  # as in the config
    x_train, x_validation, y_train, y_validation = train_test_split(
        rest, rest_labels, test_size=validation, stratify=rest_labels, random_state=0
    )
    y_train, y_validation = (keras.utils.to_categorical(y, len(CLASSES)) for y in (y_train, y_validation))
    generator = ImageDataGenerator(
        rotation_range=20,
        zoom_range=0.15,
        width_shift_range=0.2,
        height_shift_range=0.2,
        shear_range=0.15,
        horizontal_flip=True,
        fill_mode="nearest",
    )
    clock = Clock()
    stridednet().fit(
        generator.flow(x_train, y_train, batch_size=BATCH),
        validation_data=(x_validation, y_validation),
        epochs=epochs,
        callbacks=[clock],
        verbose=0,
    )
    print(json.dumps(clock.seconds))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
