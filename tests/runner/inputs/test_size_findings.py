"""Lint that `check` cannot give without the images is given when a training starts, each once."""

import pytest

from cnncli.runner.inputs.size_findings import training_images, warn_about_sizes
from cnncli.runner.inputs.splits import load_splits
from cnncli.spec.lint import lint
from cnncli.spec.shapes.network_shapes import infer_shapes
from cnncli.spec.static_data_info import static_data_info

SCHEDULE = "train.optimizer={{Adam: {{learning_rate: {{{}}}}}}}"


def warnings_of(spec):
    told = []
    splits = load_splits(spec.data, spec.seed)
    warn_about_sizes(spec, splits, told.append)
    return told


def code(warning):
    return warning.rpartition("[")[2].rstrip("]")


@pytest.mark.parametrize(
    ("overrides", "codes"),
    [
        (["train.batch_size=64"], ["large-batch"]),
        ([SCHEDULE.format("CosineDecay: {initial_learning_rate: 0.01, decay_steps: 500}")], ["decay-steps"]),
        (
            [SCHEDULE.format("PiecewiseConstantDecay: {boundaries: [5, 300], values: [0.01, 0.005, 0.001]}")],
            ["boundary-never-reached"],
        ),
        (["train.batch_size=64", "silence=[large-batch]"], []),
        (["data.split.validation=0.2"], ["few-validation-images"]),
        (["data.split.validation=20"], []),
    ],
)
def test_what_depends_on_the_number_of_images_is_told(folder_spec, overrides, codes):
    spec = folder_spec("data.split.validation=20", *overrides)
    assert list(map(code, warnings_of(spec))) == codes


def test_the_number_in_it_is_that_of_the_training_images(folder_spec):
    (warning,) = warnings_of(folder_spec("data.split={validation: 20, test: 10}", "train.batch_size=30"))
    assert warning.startswith("warning: train.batch_size: one batch holds all 30 training images")


def test_what_the_spec_alone_tells_is_not_repeated(folder_spec, make_spec):
    spec = folder_spec("data.classes=[red, blue]", "data.split.validation=3", "data.split.test=10")
    info = static_data_info(spec.data)
    before = lint(spec, info, infer_shapes(spec.model.nodes, info.shape, info.classes))
    assert "few-validation-images" in [warning.code for warning in before]
    assert "few-validation-images" not in map(code, warnings_of(spec))
    assert warnings_of(make_spec()) == []


def test_layers_that_only_the_size_of_the_images_shows_to_be_wrong(folder_spec):
    layers = "model.layers=[{MaxPooling2D: {pool_size: 3}}, Flatten, {Dense: {units: classes, activation: softmax}}]"
    told = warnings_of(folder_spec("data.image.size=null", "data.split.validation=20", layers))
    assert list(map(code, told)) == ["pool-does-not-divide"]


def test_balanced_sampling_makes_epochs_longer_and_own_validation_images_are_not_counted(folder_spec, own_splits):
    for path in sorted((own_splits / "train" / "red").iterdir())[3:]:
        path.unlink()
    (own_splits / "test").rename(own_splits / "val")
    source = f"data.source={{folder: {{path: {own_splits}}}}}"
    spec = folder_spec(source, "data.split.test=validation", "train.sampling=balanced")
    images = training_images(spec, load_splits(spec.data, spec.seed))
    assert (images.train, images.validation) == (30, None)
