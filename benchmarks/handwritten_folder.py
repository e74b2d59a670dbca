"""The network of `first_specs.py` written by hand in Keras, after its tutorial on images in folders.

    python benchmarks/handwritten_folder.py FOLDER SIDE CHANNELS

FOLDER has a folder for each class. Trains for five epochs, and prints the accuracy on the test images.
"""

import sys

import keras
import tensorflow as tf

BATCH = 32


def main(folder, side, channels):
    mode = "grayscale" if channels == 1 else "rgb"
    options = {"image_size": (side, side), "color_mode": mode, "batch_size": BATCH, "seed": 0, "verbose": False}
    images = keras.utils.image_dataset_from_directory(folder, **options)
    classes, batches = len(images.class_names), int(images.cardinality())
    test, rest = images.take(batches // 5), images.skip(batches // 5)
    validation, train = rest.take(batches // 10), rest.skip(batches // 10)
    train, validation = (each.cache().prefetch(tf.data.AUTOTUNE) for each in (train, validation))
    layers = [keras.Input((side, side, channels)), keras.layers.Rescaling(1 / 255)]
    for filters in (16, 32, 64):
        layers += [
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
        ]
    layers += [
        keras.layers.Flatten(),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(classes, activation="softmax"),
    ]
    model = keras.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, validation_data=validation, epochs=5, verbose=0)
    print(model.evaluate(test, verbose=0)[1])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
