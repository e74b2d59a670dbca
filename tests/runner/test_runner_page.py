"""The page of a training of files: written by itself, again on request, and gone when better weights are found."""

import shutil

import numpy as np
import pytest

import cnncli
from cnncli.errors import DataError

pytestmark = pytest.mark.slow


@pytest.fixture
def run(folder_spec, tmp_path):
    return cnncli.train(folder_spec("train.epochs=1"), tmp_path / "runs")


def page_of(run):
    return (run.path / "report.html").read_text("utf-8")


def test_a_training_leaves_it_and_it_can_be_written_again_but_not_without_its_images(run, squares):
    page = page_of(run)
    assert page.startswith("<!DOCTYPE html>")
    assert "training finished" in page
    assert "green" in page
    (run.path / "metrics.json").unlink()
    assert run.write_report().read_text("utf-8") == page
    assert not (run.path / "metrics.json").exists()
    shutil.rmtree(squares)
    with pytest.raises(DataError):
        run.write_report()
    assert page_of(run) == page


@pytest.mark.exhaustive
def test_further_training_that_finds_better_weights_writes_another(run):
    first = page_of(run)
    further = run.resume(epochs=4)
    assert further.history.best > 1
    assert page_of(run) != first


def test_a_network_without_feature_maps_has_maps_by_occlusion(folder_spec, tmp_path):
    flat = folder_spec("model.layers=[Flatten, {Dense: {units: classes, activation: softmax}}]", "train.epochs=1")
    page = page_of(cnncli.train(flat, tmp_path / "runs"))
    assert "There are none." in page or 'alt="Where the evidence for' in page


def test_a_layer_without_a_gradient_ends_no_training():
    from cnncli.runner.page import heat_maps
    from cnncli.startup import keras, tf

    @tf.custom_gradient
    def unchanged(values):
        def gradient(_):
            raise RuntimeError("it has none")

        return tf.identity(values), gradient

    class Stubborn(keras.layers.Layer):
        def call(self, inputs):
            return unchanged(inputs)

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(2, 3),
            layers.GlobalAveragePooling2D(),
            Stubborn(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    (heat,) = heat_maps(model, [np.full((8, 8, 1), 100, np.uint8)], [1])
    assert (heat.values.shape, heat.values.any(), heat.counts) == ((8, 8), False, False)
