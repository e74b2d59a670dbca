"""Everything that a run says of itself, and what can be done with it."""

from __future__ import annotations

import io
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnncli

pytestmark = pytest.mark.slow


def test_a_run_says_what_was_trained(run, trained_workplace):
    assert run.path == trained_workplace.relative_to(trained_workplace) / "runs" / "mnist-001"
    assert (run.state, run.spec.name, run.class_names) == ("finished", "mnist", tuple("0123456789"))
    assert (run.history.monitor, run.history.best, len(run.history.epochs)) == ("val_accuracy", 1, 1)
    assert run.metrics["images"] == 100


def test_a_model_is_a_new_one_each_time_with_the_weights_of_the_run(run):
    one, other = run.model(), run.model()
    assert one is not other
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))
    images = np.load("digits.npz")["x_test"].reshape(-1, 28, 28, 1)
    predicted = np.asarray(one(images)).argmax(axis=1)
    assert predicted.tolist() == run.evaluate().evaluation.predicted.tolist()


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_an_evaluation_has_metrics_a_report_and_predictions(run, split):
    result = run.evaluate(split)
    images = {"train": 400, "validation": 100, "test": 100}[split]
    assert (result.split, result.metrics["images"], len(result.predictions)) == (split, images, images)
    assert result.report.values["0"]["support"] > 0
    right = sum(
        prediction.class_name == result.class_names[label]
        for prediction, label in zip(result.predictions, result.evaluation.labels, strict=True)
    )
    assert result.metrics["accuracy"] == pytest.approx(right / images)
    assert [one.image for one in result.predictions[-2:]] == [
        result.predictions[images - 2].image,
        result.predictions[-1].image,
    ]


def test_the_last_weights_are_measured_and_predict_too(run):
    last, best = run.evaluate(weights="last"), run.evaluate()
    assert (last.metrics["weights"], last.split, best.metrics["weights"]) == ("last", "test", "best")
    assert last.metrics["accuracy"] == best.metrics["accuracy"]  # of one epoch, both are the same
    predicted = [run.predict("digit.png", weights=weights)[0] for weights in ("best", "last")]
    assert predicted[0] == predicted[1]
    assert run.model("last").output_shape == (None, 10)


def test_other_images_are_measured_by_the_names_of_the_classes(run, tmp_path):
    (tmp_path / "7").mkdir()
    shutil.copyfile("digit.png", tmp_path / "7" / "a.png")
    with pytest.warns(UserWarning, match="has no images of the classes 0, 1, 2"):
        result = run.evaluate(on=tmp_path)
    assert (result.metrics["on"], result.metrics["images"], result.split) == (str(tmp_path), 1, "")
    assert result.predictions[0].image == "7/a.png"
    (tmp_path / "7").rename(tmp_path / "seven")
    with pytest.raises(cnncli.DataError, match="a class that this run does not know: seven"):
        run.evaluate(on=tmp_path)


def test_the_metrics_of_the_test_images_are_those_of_the_training(run):
    assert run.evaluate().metrics == run.metrics


def test_an_image_may_be_given_in_many_ways(run):
    image = Image.open("digit.png")
    pixels = np.asarray(image)
    with Path("digit.png").open("rb") as file:
        images = [
            "digit.png",
            image,
            pixels,
            pixels[:, :, None],
            np.stack([pixels] * 3, axis=2),
            file.read(),
            io.BytesIO(file.seek(0) or file.read()),
        ]
    predictions = run.predict(images, top_k=10)
    assert [prediction.image for prediction in predictions[:3]] == ["digit.png", "image 1", "image 2"]
    alone = [run.predict(one, top_k=10)[0] for one in images[:4]]
    assert len({prediction.top for prediction in alone}) == 1
    for prediction in predictions:  # some processors compute the rows of a batch in several ways, to other last digits
        assert dict(prediction.top) == pytest.approx(dict(alone[0].top), rel=1e-5)


def test_no_class_at_all_cannot_be_asked_for(run):
    with pytest.raises(ValueError, match="1 or more; got 0"):
        run.predict(np.zeros((28, 28), np.uint8), top_k=0)


def test_an_array_of_four_dimensions_is_several_images(run):
    assert len(run.predict(np.zeros((3, 28, 28, 1), np.uint8))) == 3


@pytest.mark.parametrize("image", [np.zeros((28, 28)), np.zeros((28, 28, 2), np.uint8), np.zeros((0, 28), np.uint8), 5])
def test_what_is_not_an_image_is_refused(run, image):
    with pytest.raises(cnncli.DataError, match=r"image 0 is (an array|of type) .*; expected"):
        run.predict([image])


def test_an_image_that_cannot_be_read_is_an_error_or_kept(run):
    with pytest.raises(cnncli.DataError, match=r"missing\.png"):
        run.predict(["digit.png", "missing.png"])
    first, second = run.predict(["digit.png", "missing.png"], keep_unreadable=True)
    assert isinstance(first, cnncli.Prediction)
    assert (type(second), second.image) == (cnncli.UnreadableImage, "missing.png")


def test_a_picture_whose_file_is_damaged_or_closed_is_an_image_that_cannot_be_read(run, tmp_path):
    content = Path("digit.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    with Image.open("digit.png") as closed:
        pass
    with Image.open(tmp_path / "cut.png") as cut:
        with pytest.raises(cnncli.DataError, match=r"image 0, a picture of Pillow's, cannot be read: "):
            run.predict(cut)
        kept = run.predict(["digit.png", cut, closed], keep_unreadable=True)
    assert [type(one) for one in kept] == [cnncli.Prediction] + [cnncli.UnreadableImage] * 2


def test_a_file_that_was_opened_as_text_is_told_how_to_open_it(run):
    with Path("digit.png").open() as file, pytest.raises(cnncli.DataError, match=r"image 0 .* as text") as caught:
        run.predict(file)
    assert "'rb'" in caught.value.hint


def test_a_run_is_used_from_another_current_folder(example_folder, tmp_path, monkeypatch):
    run, picture = cnncli.open_run("runs/mnist-001"), Path("digit.png").absolute()
    monkeypatch.chdir(tmp_path)
    assert run.predict(picture)[0].image == str(picture)
    assert run.evaluate().metrics["accuracy"] == run.metrics["accuracy"]


def test_a_photograph_on_its_side_is_turned_as_in_a_file(run, tmp_path):
    picture = Image.fromarray(np.arange(40 * 20, dtype=np.uint8).reshape(40, 20))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "side.png", exif=exif)
    images = tmp_path / "side.png", Image.open(tmp_path / "side.png")
    assert len({run.predict(image, top_k=10)[0].top for image in images}) == 1


def test_weights_of_other_names_are_refused(run):
    with pytest.raises(cnncli.RunError, match="no weights called 'first'"):
        run.evaluate(weights="first")


def test_weights_that_were_changed_are_refused_or_warned_of(run, tmp_path):
    copy = cnncli.open_run(shutil.copytree(run.path, tmp_path / "copy"))
    (copy.path / "weights.sha256").write_text(f"{'0' * 64}  weights/best.weights.h5\n")
    with pytest.raises(cnncli.RunError, match="is not what the training wrote"):
        copy.predict("digit.png")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        assert copy.predict("digit.png", allow_changed_weights=True) == run.predict("digit.png")
    (text,) = (str(one.message) for one in caught if one.category is UserWarning)
    assert text.endswith("they are used nevertheless")


def test_an_interrupted_training_is_resumed_to_the_same_end(run, workplace):
    class Stop(cnncli.TrainingObserver):
        stop = 0

        def on_step(self, epoch, step, steps, metrics):
            self.stop = 130

        def stop_requested(self):
            return self.stop

    with pytest.raises(cnncli.Interrupted) as caught:
        cnncli.train(cnncli.load_spec("mnist.yaml"), observers=[Stop()])
    interrupted = cnncli.open_run(caught.value.run)
    assert interrupted.state == "interrupted"
    resumed = interrupted.resume()
    assert (resumed.state, interrupted.state) == ("finished", "interrupted")
    assert resumed.metrics == run.metrics


@pytest.mark.exhaustive
def test_a_run_that_was_opened_before_a_resume_is_reproduced_as_it_is_now(example_folder, monkeypatch):
    run = cnncli.open_run("mnist-001")
    assert run.spec.train.epochs == 1
    reproduced = []
    monkeypatch.setattr(
        "cnncli.runner.reproduce.reproduce", lambda run, *rest: reproduced.append(run.spec.train.epochs)
    )
    cnncli.open_run("mnist-001").resume(2)
    run.reproduce()
    assert reproduced == [2]


@pytest.mark.exhaustive
def test_ctrl_c_anywhere_leaves_a_run_that_resumes(run, workplace):
    class Press(cnncli.TrainingObserver):
        def on_epoch_end(self, epoch, best):
            raise KeyboardInterrupt

    with pytest.raises(cnncli.Interrupted):
        cnncli.train(cnncli.load_spec("mnist.yaml"), observers=[Press()])
    assert cnncli.open_run("mnist-001").resume().metrics == run.metrics


def test_nothing_is_printed(workplace, capfd):
    run = cnncli.train(cnncli.load_spec("mnist.yaml"))
    run.evaluate()
    run.predict("digit.png")
    run.resume()
    assert capfd.readouterr() == ("", "")


@pytest.mark.exhaustive
def test_a_run_is_reproduced_beside_itself_or_elsewhere(example_folder):
    run = cnncli.open_run("mnist-001")
    beside, elsewhere = run.reproduce(), run.reproduce("other")
    assert (beside.is_same, beside.again) == (True, "runs/mnist-002")
    assert (elsewhere.is_same, elsewhere.again) == (True, "other/mnist-001")
    Path("runs/mnist-002/status.json").write_text('{"state": "failed"}')
    with pytest.raises(cnncli.RunError, match="is not finished"):
        cnncli.open_run("mnist-002").reproduce()


def test_a_summary_of_a_run_needs_no_images(run, monkeypatch, tmp_path):
    spec = cnncli.load_spec({**run.spec.plain(), "data": {"source": {"arrays": {"path": "moved.npz"}}}})
    assert cnncli.summary(spec, run) == cnncli.summary(run.spec)


class TestTables:
    def test_names_are_escaped(self):
        prediction = cnncli.Prediction("<b>.png", ("<script>", "b"), (0.75, 0.25))
        assert prediction._repr_html_() == (
            "<table><thead><tr><th>&lt;b&gt;.png</th><th>probability</th></tr></thead>"
            "<tbody><tr><td>&lt;script&gt;</td><td>0.7500</td></tr></tbody></table>"
        )

    def test_a_run_and_an_evaluation_are_tables(self, run):
        assert "<th>finished</th>" in run._repr_html_()
        evaluated = run.evaluate()
        support = evaluated.report.values["weighted avg"]["support"]
        assert f"<td>{support}</td>" in evaluated._repr_html_()
        assert evaluated._repr_html_().count("<table>") == 2
        assert repr(run) == "Run('runs/mnist-001')"
