"""Predictions from files: the same as those of the training, whatever the file looks like."""

import csv
import io
import json
import sys

import numpy as np
import pytest
from PIL import Image

from cnncli.data.sources.published import mnist

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The first 100 test images as PNG files, named by their number."""
    folder = tmp_path_factory.mktemp("digits")
    for number, image in enumerate(mnist.arrays()[2][:100]):
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


def test_files_are_predicted_like_the_arrays_they_came_from(call, trained, digits):
    result = call("predict", digits, "--json", "--runs-dir", trained)
    predicted = json.loads(result.out)
    assert [entry["image"] for entry in predicted] == [str(digits / f"{number}.png") for number in range(100)]
    with (trained / "small-001" / "predictions.csv").open() as file:
        recorded = list(csv.DictReader(file))[:100]
    assert [entry["class"] for entry in predicted] == [row["predicted"] for row in recorded]
    probabilities = [float(row["probability"]) for row in recorded]
    np.testing.assert_allclose([entry["probability"] for entry in predicted], probabilities, atol=1e-5)


def test_the_newest_finished_run_is_used_and_named(call, trained, digits):
    result = call("predict", digits / "0.png", "--runs-dir", trained, "--top-k", 3)
    assert result.err == f"using {trained / 'small-001'}\n"
    heading, first, *others = result.out.splitlines()
    assert heading.split() == ["image", "class", "probability"]
    assert first.split()[:2] == [str(digits / "0.png"), "7"]
    assert len(others) == 2


def test_who_asks_for_one_class_gets_one(call, trained, monkeypatch):
    from cnncli import Prediction, Run

    between = Prediction("a.png", ("0", "1"), (0.51, 0.49))
    monkeypatch.setattr(Run, "predict", lambda run, images, top_k, **more: [between])
    monkeypatch.setattr(Run, "prepare_predictions", lambda run, notice: None)
    shown = {k: call("predict", "a.png", "--runs-dir", trained, *k).out.splitlines() for k in ((), ("--top-k", 1))}
    assert [line.split()[-2:] for line in shown[()][1:]] == [["0", "0.5100"], ["1", "0.4900"]]
    assert [line.split()[-2:] for line in shown["--top-k", 1][1:]] == [["0", "0.5100"]]


def test_a_digit_drawn_black_on_white_is_noticed_and_can_be_inverted(call, trained, digits, tmp_path):
    drawn = tmp_path / "drawn.jpg"
    Image.fromarray(255 - mnist.arrays()[2][0]).resize((300, 280)).convert("RGB").save(drawn)
    result = call("predict", drawn, "--runs-dir", trained)
    assert "note:" in result.err
    assert "--invert" in result.err
    result = call("predict", drawn, "--invert", "--runs-dir", trained)
    assert "note:" not in result.err
    assert result.out.splitlines()[1].split()[1] == "7"
    assert "leave out --invert" in call("predict", digits / "0.png", "--invert", "--runs-dir", trained).err


def test_a_file_that_cannot_be_read_does_not_stop_the_others(call, trained, digits, tmp_path):
    (tmp_path / "notes.png").write_text("no picture")
    result = call("predict", tmp_path / "notes.png", digits / "1.png", tmp_path / "gone.png", "--runs-dir", trained)
    assert result.code == 3
    assert result.out.splitlines()[1].split()[1] == "2"
    assert result.err.count("error: ") == 2
    listed = json.loads(call("predict", tmp_path / "notes.png", "--json", "--runs-dir", trained).out)
    assert "notes.png" in listed[0]["error"]


def test_csv_has_a_column_for_each_of_the_classes_asked_for(call, trained, digits):
    rows = list(csv.DictReader(io.StringIO(call("predict", digits, "--csv", "--top-k", 2, "--runs-dir", trained).out)))
    assert len(rows) == 100
    assert list(rows[0]) == ["image", "class", "probability", "class_2", "probability_2"]
    assert float(rows[0]["probability"]) >= float(rows[0]["probability_2"])


def test_sets_of_classes_come_with_what_they_are_worth(call, trained, digits):
    asked = (digits, "--coverage", 0.9, "--runs-dir", trained)
    shown = call("predict", *asked)
    assert "90 % of images like the validation images" in shown.err
    assert "test images: sets at 0.9 hold the right class in 0." in shown.err
    assert shown.out.splitlines()[0].split() == ["image", "class", "probability", "set"]
    listed = json.loads(call("predict", *asked, "--json").out)
    truth = mnist.arrays()[3][:100]
    assert np.mean([str(label) in entry["set"] for label, entry in zip(truth, listed, strict=True)]) > 0.8
    rows = list(csv.DictReader(io.StringIO(call("predict", *asked, "--csv", "--top-k", 2).out)))
    assert [json.loads(row["set"]) for row in rows] == [entry["set"] for entry in listed]
    assert "set" not in call("predict", digits / "0.png", "--runs-dir", trained, "--csv").out
    refused = call("predict", digits, "--coverage", 95, "--runs-dir", trained)
    assert (refused.code, "did you mean 0.95?" in refused.err) == (2, True)
    refused = call("predict", digits, "--coverage", 0.9, "--weights", "last", "--runs-dir", trained)
    assert (refused.code, "leave out --weights last" in refused.err) == (6, True)


def test_an_image_on_standard_input(call, trained, digits, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO((digits / "3.png").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert json.loads(call("predict", "-", "--json", "--runs-dir", trained).out)[0]["class"] == "0"


def test_there_must_be_a_run_and_images(call, trained, tmp_path):
    assert call("predict", "x.png", "--runs-dir", tmp_path).code == 6
    near = call("predict", "x.png", "--run", "smal-001", "--runs-dir", trained)
    assert (near.code, "small-001" in near.err) == (6, True)
    (tmp_path / "empty").mkdir()
    assert call("predict", tmp_path / "empty", "--runs-dir", trained).code == 3


def test_patterns_without_a_match_and_archives_are_told_as_such(call, trained, tmp_path):
    archive = tmp_path / "digits.zip"
    archive.write_bytes(b"PK\x03\x04")
    run = trained / "small-001"
    result = call("predict", tmp_path / "*.heic", archive, run, "small-001", "--run", run, "--runs-dir", trained)
    assert result.code == 3
    assert f"{tmp_path}/*.heic matches no file\n" in result.err
    assert "is a ZIP archive, not an image\nunpack it, and name the folder\n" in result.err
    assert "\na run is named with --run: --run small-001\n" in result.err


def test_one_form_at_a_time(call, trained):
    result = call("predict", "x.png", "--json", "--csv", "--runs-dir", trained)
    assert (result.code, result.out) == (2, "")
    assert "--json and --csv cannot be combined" in result.err


def test_a_close_runner_up_is_shown_and_a_distant_one_is_not_and_none_where_one_class_is_asked_for(capsys):
    from cnncli.cli.terminal.predict_output import print_answers_csv, print_answers_table
    from cnncli.records import Prediction

    close = Prediction("a.png", ("cat", "dog", "owl"), (0.5, 0.3, 0.2))
    clear = Prediction("b.png", ("cat", "dog", "owl"), (0.9, 0.06, 0.04))
    print_answers_table([close, clear], with_close_second=True)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [["a.png", "cat", "0.5000"], ["dog", "0.3000"], ["b.png", "cat", "0.9000"]]
    print_answers_table([close, clear], with_close_second=False)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [["a.png", "cat", "0.5000"], ["b.png", "cat", "0.9000"]]
    assert (close.runner_up, clear.runner_up) == (("dog", 0.3), None)
    assert Prediction("a", ("yes",), (1.0,)).runner_up is None
    print_answers_csv([close], 1)
    assert "dog" not in capsys.readouterr().out


TABLE = """
import sys
from cnncli.cli.terminal.predict_output import print_answers_table
from cnncli.records import Prediction
names = ("cat", "a dog of a very long and well-kept pedigree")
image = "photographs/" * 9 + "last.png"
print_answers_table([Prediction(image, names, odds) for odds in ((0.9, 0.1), (0.2, 0.8))], True)
"""


def test_long_names_stay_within_a_narrow_terminal(in_a_terminal):
    shown = in_a_terminal([sys.executable, "-c", TABLE], NO_COLOR="1")
    lines = shown.replace("\r", "").splitlines()
    assert len(lines) == 3
    assert all(len(line) <= 80 for line in lines)
    assert "…" in lines[1]
    assert "last.png" in lines[1]
    assert all(line.endswith(end) for line, end in zip(lines, ("probability", "0.9000", "0.8000"), strict=True))


def test_a_photograph_in_colour_is_no_negative(trained):
    from cnncli.runner.open_run import OpenRun
    from cnncli.runner.predict import Predictor
    from cnncli.runs import RunDir

    predictor = Predictor(OpenRun(RunDir(trained / "small-001")))
    paper, sky = np.full((60, 60, 3), 250, np.uint8), np.full((60, 60, 3), 250, np.uint8)
    sky[:20], sky[40:] = (120, 190, 255), (200, 255, 160)
    (drawn, photographed) = predictor.predict([paper, sky])
    assert "--invert" in drawn.note
    assert photographed.note == ""
