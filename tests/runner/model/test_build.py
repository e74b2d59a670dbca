"""What a model must know of its images: told by the images, by a spec, or by a run; and the model made of it."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from cnncli.data.samples import Samples
from cnncli.errors import DataError, RunError, SpecError
from cnncli.runner.inputs import input_spec
from cnncli.runner.inputs.input_spec import InputSpec
from cnncli.runner.inputs.splits import load_input_spec
from cnncli.runner.open_run import OpenRun
from cnncli.runs import RunDir
from cnncli.spec.writer import spec_text

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prepare() -> ModuleType:
    from cnncli.runner.model import build as prepare

    return prepare


def check(spec) -> None:
    from cnncli.runner.summary import check_build

    check_build(spec)


def build(prepare, spec, inputs):
    return prepare.build_model(spec.model.nodes, inputs, spec.train.precision, spec.seed, spec.name)


def random_samples(count: int, shape: tuple[int, int, int]) -> Samples:
    """Images of which each channel is brighter than the one before it."""
    random = np.random.default_rng(0)
    images = random.integers(0, 100, (count, *shape)) + 70 * np.arange(shape[2])
    return Samples.numbered(images.astype(np.uint8), np.arange(count) % 3)


class TestChannelStatistics:
    @pytest.mark.parametrize("shape", [(5, 7, 3), (6, 6, 1)])
    @pytest.mark.parametrize("chunk", [1, 1000, 2**23])
    def test_they_are_numpys_over_all_pixels_however_many_are_looked_at_together(
        self, prepare, monkeypatch, shape, chunk
    ):
        monkeypatch.setattr(input_spec, "CHUNK", chunk)
        samples = random_samples(50, shape)
        mean, deviation = input_spec.channel_statistics(samples)
        np.testing.assert_allclose(mean, samples.images.mean(axis=(0, 1, 2), dtype=np.float64), rtol=1e-12)
        np.testing.assert_allclose(deviation, samples.images.std(axis=(0, 1, 2), dtype=np.float64), rtol=1e-9)

    def test_one_brightness_everywhere_has_no_deviation(self, prepare):
        samples = Samples.numbered(np.full((4, 3, 3, 1), 200, np.uint8), np.zeros(4, np.int64))
        assert input_spec.channel_statistics(samples) == ((200.0,), (0.0,))

    def test_a_large_image_is_looked_at_alone(self, prepare, monkeypatch):
        samples, asked = random_samples(7, (5, 5, 3)), []

        class Watched(Samples):
            def read(self, indices):
                asked.append(len(indices))
                return super().read(indices)

        monkeypatch.setattr(input_spec, "CHUNK", 160)  # two images of 75 bytes
        input_spec.channel_statistics(Watched(samples.images, samples.labels, samples.names))
        assert asked == [2, 2, 2, 1]


class TestPreprocessing:
    @staticmethod
    def preprocessing(spec, *statistics):
        return InputSpec.of(spec.data, (4, 4, 3), ("a", "b"), *statistics).preprocessing

    def test_pixels_are_mapped_to_the_range_of_the_spec(self, make_spec):
        found = self.preprocessing(make_spec("data.scale=[-1, 1]"))
        assert (found.scale, found.offset, found.samplewise) == ((2 / 255,), (-1,), False)

    def test_featurewise_takes_off_the_mean_and_divides_by_the_deviation(self, make_spec):
        spec = make_spec("data.standardize=featurewise")
        found = self.preprocessing(spec, (10.0, 20.0, 30.0), (2.0, 4.0, 0.0))
        assert found.scale == (0.5, 0.25, 1.0)  # a channel without any difference stays as it is
        assert found.offset == (-5.0, -5.0, -30.0)

    def test_samplewise_needs_no_statistics(self, make_spec):
        assert self.preprocessing(make_spec("data.standardize=samplewise")).samplewise


class TestStandardized:
    """The first layer's own output has mean 0 and deviation 1."""

    @staticmethod
    def first_output(model, images: np.ndarray) -> np.ndarray:
        import keras

        output = keras.Model(model.input, model.get_layer("scale").output)(images)
        return np.asarray(output, np.float64)  # (images, height, width, channels)

    def test_featurewise_in_each_channel_over_the_training_images(self, prepare, folder_spec):
        from cnncli.runner.inputs.splits import load_splits

        spec = folder_spec("data.standardize=featurewise")
        splits = load_splits(spec.data, spec.seed)
        train = splits.samples["train"]
        model = build(prepare, spec, splits.input_spec(spec.data))
        scaled = self.first_output(model, train.read(np.arange(len(train))))
        np.testing.assert_allclose(scaled.mean(axis=(0, 1, 2)), 0, atol=1e-5)
        np.testing.assert_allclose(scaled.std(axis=(0, 1, 2)), 1, atol=1e-5)
        test = splits.samples["test"]
        others = self.first_output(model, test.read(np.arange(len(test))))
        assert abs(others.mean(axis=(0, 1, 2))).max() > 1e-4  # which the test images have no part in

    def test_samplewise_in_each_image(self, prepare, folder_spec):
        from cnncli.runner.inputs.splits import load_splits

        spec = folder_spec("data.standardize=samplewise")
        splits = load_splits(spec.data, spec.seed)
        model = build(prepare, spec, splits.input_spec(spec.data))
        scaled = self.first_output(model, splits.samples["test"].read(np.arange(12)))
        np.testing.assert_allclose(scaled.mean(axis=(1, 2, 3)), 0, atol=1e-5)
        np.testing.assert_allclose(scaled.std(axis=(1, 2, 3)), 1, atol=1e-4)


BORDERS = {"border_mean": 0.0, "border_std": 0.0}


def run_of(spec, folder):
    run = RunDir(folder)
    run.write_text("spec.yaml", spec_text(spec.plain()))
    return run


class TestInputs:
    def test_a_builtin_is_known_without_loading_it(self, prepare, make_spec):
        found = load_input_spec(make_spec().data)
        assert (found.shape, found.class_names) == ((28, 28, 1), tuple("0123456789"))
        found = load_input_spec(make_spec("data.source=cifar10", "data.split.validation=0.1").data)
        assert (found.shape, len(found.class_names)) == ((32, 32, 3), 10)

    def test_a_spec_that_says_size_and_classes_needs_no_images(self, prepare, folder_spec):
        spec = folder_spec("data.source={folder: {path: nowhere}}", "data.image.size=[8, 9]", "data.classes=[a, b]")
        found = load_input_spec(spec.data)
        assert (found.shape, found.class_names) == ((8, 9, 3), ("a", "b"))
        check(spec)

    @pytest.mark.parametrize("more", ["data.image.size=8", "data.classes=[a, b]"])
    def test_one_that_says_less_does(self, prepare, folder_spec, more):
        spec = folder_spec("data.source={folder: {path: nowhere}}", "data.image.size=null", more)
        with pytest.raises(DataError, match="nowhere does not exist"):
            load_input_spec(spec.data)

    def test_what_the_images_tell_is_asked_of_them(self, prepare, folder_spec):
        found = load_input_spec(folder_spec("data.image.size=null").data)
        assert (found.shape, found.class_names) == ((16, 16, 3), ("blue", "green", "red"))

    @pytest.mark.parametrize("missing", ["image", "class_names", "pixels"])
    def test_a_record_that_lacks_something_is_told(self, prepare, folder_spec, tmp_path, missing):
        record = {"image": [8, 9, 3], "class_names": ["a", "b"], "pixels": BORDERS}
        spec = folder_spec("data.image.size=null")
        run = run_of(spec, tmp_path)
        run.write_json("data.json", record)
        assert OpenRun(run).input_spec == InputSpec.of(spec.data, (8, 9, 3), ("a", "b"))
        del record[missing]
        run.write_json("data.json", record)
        with pytest.raises(RunError, match=f"data.json lacks '{missing}'"):
            _ = OpenRun(run).input_spec


def test_a_compiled_model_knows_how_its_labels_are_encoded(prepare, make_spec):
    def compiled(spec):
        inputs = load_input_spec(spec.data)
        return prepare.build_compiled_model(spec.model.nodes, inputs, spec.train, spec.seed, spec.name, total_steps=10)

    model, encoding = compiled(make_spec())
    assert (encoding, model.output_shape) == ("sparse", (None, 10))
    _, encoding = compiled(make_spec("train.loss=CategoricalCrossentropy"))
    assert encoding == "one_hot"


def test_what_only_the_images_tell_is_found_when_the_model_is_built(prepare, folder_spec):
    dense = "model.layers=[Flatten, {Dense: {units: 2, activation: softmax}}]"
    with pytest.raises(SpecError, match="2 outputs for 3 classes"):
        check(folder_spec(dense))
    pooled = "model.layers=[{AdaptiveMaxPooling2D: {output_size: 1}}, Flatten, {Dense: {units: classes}}]"
    with pytest.raises(SpecError) as caught:  # Keras would build it, and its first step end the process
        check(folder_spec("data.image.size=null", pooled))
    assert [problem.path for problem in caught.value.problems] == [("model", "layers", 0)]
    assert "fails on it with a height or width of 1" in str(caught.value)


def test_a_summary_of_a_run_needs_no_images(folder_spec, tmp_path):
    from cnncli.runner.summary import summary as summarize

    spec = folder_spec("data.source={folder: {path: nowhere}}", "data.image.size=null")
    run = run_of(spec, tmp_path)
    run.write_json("data.json", {"image": [12, 16, 3], "class_names": ["a", "b"], "pixels": BORDERS})
    summary = summarize(spec, OpenRun(run))
    assert (summary.input_shape, summary.rows[-1].output_shape) == ((12, 16, 3), (2,))
