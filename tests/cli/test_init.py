"""`cnncli init` as a person meets it: a spec for their images, or a copy of a shipped one."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnncli.spec import load


def draw(folder, images, side=16):
    """Two classes of small colour images: stripes that lie and stripes that stand, each in noise of its own."""
    random = np.random.default_rng(0)
    for label in ("lying", "standing"):
        (folder / label).mkdir(parents=True)
        for number in range(images):
            stripes = np.where((np.arange(side) + random.integers(4)) // 2 % 2, 160, 60)[:, None, None]  # (side, 1, 1)
            pixels = stripes + random.integers(-40, 40, (side, side, 3))
            pixels = pixels if label == "lying" else pixels.transpose(1, 0, 2)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / label / f"{number}.png")


def state(folder):
    return {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def stripes(tmp_path, monkeypatch):
    """The working folder, with images in `my stripes`."""
    draw(tmp_path / "my stripes", 12)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("within", "is_told"), [("kind-", True), ("patient_", False)])
def test_folders_within_classes_are_told_unless_they_are_those_of_patients(call, stripes, within, is_told):
    for first, label in ((0, "lying"), (4, "standing")):
        for number in range(4):
            inside = stripes / "my stripes" / label / f"{within}{first + number}"
            inside.mkdir()
            for image in range(3 * number, 3 * number + 3):
                (stripes / "my stripes" / label / f"{image}.png").rename(inside / f"{image}.png")
    result = call("init", "my stripes")
    assert result.code == 0
    assert ("set data.split.folder: {lying: train, standing: train}" in result.err) is is_told
    report = " ".join(call("data", "my stripes", "--quick").out.split())
    (sentence,) = re.findall(r"the images of each class are in folders .*: train}", result.err) or [" [nested-classes]"]
    assert (sentence in report) is is_told
    assert "nested-classes" not in call("data", "my-stripes.yaml", "--quick").out  # which says what the classes are


def test_a_folder_becomes_a_spec_that_passes_the_check(call, stripes):
    before = state(stripes / "my stripes")
    result = call("init", "my stripes")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert re.fullmatch(
        r"time: about \d[\da-z ]* if this machine does nothing else(; to stop earlier: cnncli train .*)?", lines.pop(2)
    )
    assert lines == [
        "my stripes: 24 images in 2 classes",
        "wrote my-stripes.yaml",
        "next: cnncli check my-stripes.yaml",
        "      cnncli preview my-stripes.yaml",
        "      cnncli train my-stripes.yaml",
    ]
    checked = call("check", "my-stripes.yaml")
    assert (checked.code, checked.out, checked.err) == (
        0,
        "my-stripes.yaml: ok (images not looked at; to do so: --data)\n",
        "next: cnncli train my-stripes.yaml\n",
    )
    assert load(Path("my-stripes.yaml")).spec.data.source.arguments == {"path": "my stripes"}
    assert state(stripes / "my stripes") == before


def test_files_that_cannot_be_read_are_named_with_the_reason(call, stripes):
    for number in range(2, 7):
        (stripes / "my stripes" / "lying" / f"{number}.png").write_bytes(b"" if number % 2 else b"%PDF-1.7")
    result = call("init", "my stripes")
    assert result.code == 0
    assert result.err.splitlines() == [
        "note: 5 files (5 .png) cannot be read and are excluded: lying/2.png is a PDF document, not an image; "
        "lying/3.png is empty; lying/4.png is a PDF document, not an image; and 2 more; for details: "
        "cnncli data 'my stripes'"
    ]


def test_details_are_those_of_the_folder_that_is_read(call, stripes):
    (stripes / "my stripes" / "lying" / "3.png").write_bytes(b"")
    (stripes / "my stripes").rename(stripes / "images")
    result = call("init", ".", "-o", "-")
    assert result.err.splitlines()[-1].endswith("lying/3.png is empty; for details: cnncli data images")


def test_stdout_gets_the_spec_and_nothing_else(call, stripes):
    (stripes / "my stripes" / "lying" / "3.png").write_bytes(b"")
    (stripes / "my stripes" / "stray.png").write_bytes(b"")
    result = call("init", "my stripes", "-o", "-")
    assert result.out.startswith("# An image classifier for my stripes")
    assert result.err.splitlines() == [
        "note: my stripes has 1 image beside its class folders, not used: stray.png",
        "note: 1 file cannot be read and is excluded: lying/3.png is empty; for details: cnncli data 'my stripes'",
    ]
    assert not list(stripes.glob("*.yaml"))
    (stripes / "s.yaml").write_text(result.out)
    assert load(stripes / "s.yaml").spec.data.exclude == ["lying/3.png"]


def test_a_pretrained_network_is_drafted_when_asked_for(call, stripes, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(stripes / "keras"))  # without weights
    result = call("init", "my stripes", "--pretrained")
    assert result.code == 0
    assert "note: the first training downloads the weights of MobileNetV2" in result.err
    assert call("check", "my-stripes.yaml").code == 0
    assert "MobileNetV2: {weights: imagenet" in Path("my-stripes.yaml").read_text()
    refused = call("init", "--template", "mnist", "--pretrained")
    assert refused.code == 2
    assert "only -o and --force can be combined with --template" in refused.err


def test_what_exists_is_written_over_only_when_asked(call, stripes):
    (stripes / "mine.yaml").write_text("years of work")
    for source in (["my stripes"], ["--template", "mnist"]):
        refused = call("init", *source, "-o", "mine.yaml")
        assert (refused.code, refused.out) == (5, "")
        assert "'mine.yaml' already exists" in refused.err
        assert (stripes / "mine.yaml").read_text() == "years of work"
    assert call("init", "my stripes", "-o", "mine.yaml", "--force").code == 0
    assert load(stripes / "mine.yaml").spec.name == "mine"


def test_nothing_is_written_among_the_images(call, stripes, monkeypatch):
    monkeypatch.chdir(stripes / "my stripes")
    before = state(stripes)
    result = call("init", ".")
    assert (result.code, result.out) == (5, "")
    assert "-o ../my-stripes.yaml" in result.err
    assert state(stripes) == before
    assert call("init", ".", "-o", "../out.yaml").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "name a folder or table"),
        (["my stripes", "--template", "mnist"], 2, "name a folder or table"),
        (["my stripes", "-o", "spec.txt"], 2, "must end in .yaml"),
        (["my stripes", "-o", "no/such/spec.yaml"], 5, "the folder 'no/such' does not exist"),
        (["my stripes", "--root", "."], 3, "applies to tables only"),
        (["--template", "mnist", "--root", "."], 2, "can be combined with --template"),
        (["--template", "minst"], 2, "did you mean 'mnist'?"),
        (["my stripe"], 3, "my stripe does not exist"),
        (["my stripes/lying"], 3, "no class folders"),
    ],
)
def test_a_mistake_is_reported_and_nothing_is_written(call, stripes, arguments, code, message):
    result = call("init", *arguments)
    assert (result.code, result.out) == (code, "")
    assert message in result.err
    assert not list(stripes.glob("*.yaml"))


def test_a_template_is_copied_so_that_it_works_alone(call, stripes):
    result = call("init", "--template", "mnist/deeper")
    assert result.out.splitlines() == [
        "wrote deeper.yaml",
        "next: cnncli check deeper.yaml",
        "      cnncli train deeper.yaml",
    ]
    text = (stripes / "deeper.yaml").read_text()
    assert "#   cnncli train deeper.yaml\n" in text
    assert "  source: mnist\n" in text  # from the spec that the shipped one extends
    assert load(stripes / "deeper.yaml").spec.name == "deeper"


def test_a_table_becomes_a_spec_with_the_columns_one_names(call, stripes):
    rows = [f"my stripes/{file.parent.name}/{file.name};{file.parent.name}" for file in stripes.rglob("*.png")]
    (stripes / "my labels.csv").write_text("\n".join(["photo;kind;by", *(f"{row};Ann" for row in rows)]))
    assert "--label-column" in call("init", "my labels.csv").err
    assert call("init", "my labels.csv", "--image-column", "photo", "--label-column", "kind").code == 0
    spec = load(stripes / "my-labels.yaml").spec
    assert spec.data.source.name == "table"
    assert spec.data.source.arguments == {"path": "my labels.csv", "image_column": "photo", "label_column": "kind"}


@pytest.mark.exhaustive  # as `cnncli data`, in test_data.py
def test_a_survey_starts_no_tensorflow(stripes):
    code = (
        "import sys\nfrom cnncli.cli import main\n"
        "try: main(['init', 'my stripes', '-o', '-'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_draft_trains_to_far_above_chance(call, tmp_path, monkeypatch):
    draw(tmp_path / "stripes", 30, side=8)
    monkeypatch.chdir(tmp_path)
    for arguments in (["init", "stripes"], ["train", "stripes.yaml", "--set", "train.epochs=60"]):
        result = call(*arguments)
        assert result.code == 0, result.err
    metrics = json.loads((tmp_path / "runs" / "stripes-001" / "metrics.json").read_text())
    assert metrics["accuracy"] >= 0.9  # of 12 images, one may be wrong


def test_a_time_is_kept_in_the_spec_and_said(call, stripes):
    result = call("init", "my stripes", "--time", "1h30m")
    assert result.code == 0
    assert re.search(
        r"\ntime: stops after 1 h 30 min; about [\d,]+ epochs? fit into it if this machine does nothing else\n",
        result.out,
    )
    spec = load(stripes / "my-stripes.yaml").spec
    assert (spec.train.max_time, spec.train.max_seconds) == ("1h30m", 5400)
    assert load(stripes / "my-stripes.yaml").warnings == ()


def test_the_lengths_differ_in_their_epochs(call, stripes):
    epochs = []
    for option in (["--quick"], [], ["--best"]):
        assert call("init", "my stripes", *option, "--force").code == 0
        epochs.append(load(stripes / "my-stripes.yaml").spec.train.epochs)
    assert epochs[0] < epochs[1] < epochs[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--time", "soon"], "--time expects a duration such as 10m, 90s or 1h30m, or a number of seconds; got 'soon'"),
        (["--time", "0"], "got '0'"),
        (["--quick", "--time", "10m"], "--quick, --best and --time cannot be combined"),
    ],
)
def test_a_length_that_means_nothing_is_refused(call, stripes, options, message):
    result = call("init", "my stripes", *options)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
