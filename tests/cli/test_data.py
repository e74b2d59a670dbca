"""`cnncli data` as a person and a program meet it."""

import io
import itertools
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cnncli.spec.reader import read

pytestmark = pytest.mark.slow

ODD = 'a "b": \u00e9\U0001f600\n\u202e.jpg'


def jpeg(seed, quality=90):
    coarse = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8))
    out = io.BytesIO()
    coarse.resize((64, 48), Image.Resampling.BICUBIC).save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.fixture
def photos(tmp_path):
    """Two classes of fifty, with nothing wrong."""
    folder = tmp_path / "photos"
    for label, start in (("cat", 0), ("dog", 500)):
        (folder / label).mkdir(parents=True)
        for number in range(start, start + 50):
            (folder / label / f"{number}.jpg").write_bytes(jpeg(number))
    return folder


@pytest.fixture
def broken(photos):
    """With an empty file of an odd name, one that is cut off, and a copy."""
    (photos / "cat" / ODD).write_bytes(b"")
    (photos / "cat" / "half.jpg").write_bytes(jpeg(90)[:600])
    (photos / "dog" / "copy.jpg").write_bytes(jpeg(500))
    return photos


def test_a_healthy_folder_ends_well(call, photos):
    result = call("data", photos)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == f"{photos}: 100 images in 2 classes"
    assert [line.split() for line in lines[2:7]] == [
        ["class", "images"],
        ["cat", "50"],
        ["dog", "50"],
        ["-----", "------"],
        ["total", "100"],
    ]
    assert lines[-1] == "no findings: ready for training"


def test_tensorflow_is_not_waited_for(photos):
    """Nor any other of the large libraries."""
    code = (
        "import sys\nfrom cnncli.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "loaded = sorted({'tensorflow', 'keras', 'matplotlib', 'sklearn'} & set(sys.modules))\n"
        "assert not loaded, loaded"
    )
    program = [sys.executable, "-c", code, "data", str(photos)]
    result = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_errors_end_in_3_and_fit_80_columns(call, broken):
    result = call("data", broken)
    assert result.code == 3
    assert max(map(len, result.out.splitlines()[1:-1])) <= 80  # but for the path of the folder
    found = re.findall(r"^(error|warning|note) +.*\[([a-z-]+)\]$", result.out, re.MULTILINE)
    assert found == [
        ("error", "damaged"),
        ("warning", "copies"),
    ]
    assert "1 error, 1 warning: training would fail or give misleading results" in result.out


def test_an_odd_name_stays_on_its_line_and_moves_nothing(call, broken):
    out = call("data", broken).out
    assert r"\n\u202e.jpg" in out
    assert "\u202e" not in out


def test_json_has_every_file_and_only_that_is_on_stdout(call, broken):
    result = call("data", broken, "--json")
    report = json.loads(result.out)
    assert result.code == 3
    assert set(report) == {
        "ok", "images", "source", "class_names", "counts", "formats", "sizes", "findings", "decoded",
    }  # fmt: skip
    assert (report["ok"], report["images"], report["formats"]) == (False, 103, {"JPEG": 101})
    assert report["counts"] == {"train": {"cat": 52, "dog": 51}}
    assert report["findings"][0] == {
        "code": "damaged",
        "severity": "error",
        "message": "2 images are damaged",
        "advice": "replace or exclude",
        "affected": [
            {"names": [f"cat/{ODD}"], "detail": "is empty"},
            {"names": ["cat/half.jpg"], "detail": "is cut off: the end of the JPEG is missing"},
        ],
        "exclude": [f"cat/{ODD}", "cat/half.jpg"],
    }


def test_the_list_is_yaml_that_names_the_files_exactly(call, broken, tmp_path):
    result = call("data", broken, "--list", tmp_path / "exclude.yaml")
    assert result.code == 3
    text = (tmp_path / "exclude.yaml").read_text("utf-8")
    assert read(text, "exclude.yaml").value == {"data": {"exclude": [f"cat/{ODD}", "cat/half.jpg"]}}
    assert '# - "dog/copy.jpg"' in text
    use = "to use it, add 'extends: exclude.yaml' to your spec, in place of any data.exclude"
    assert result.err == f"wrote {tmp_path / 'exclude.yaml'}; {use}\n"
    assert call("data", broken, "--list", "-").out == text


CONFIG = """\
extends: exclude.yaml
data:
  source: {folder: {path: PHOTOS}}
  image: {size: [48, 64]}
model:
  layers: [Flatten, Dense: {units: classes, activation: softmax}]
"""


def test_a_spec_that_extends_the_list_leaves_out_what_is_on_it(call, broken, tmp_path):
    call("data", broken, "--list", tmp_path / "exclude.yaml")
    (tmp_path / "photos.yaml").write_text(CONFIG.replace("PHOTOS", str(broken)))
    result = call("data", tmp_path / "photos.yaml")
    assert "error" not in result.out
    assert result.code == 0
    assert "101 images in 2 classes" in result.out


def test_a_spec_that_training_would_refuse_is_wrong(call, photos, tmp_path):
    """Without a size for images of several; a part that the source has already is no more than a notice."""
    Image.new("RGB", (90, 60), "teal").save(photos / "cat" / "wide.png")
    config = CONFIG.replace("extends: exclude.yaml\n", "").replace("PHOTOS", str(photos))
    (tmp_path / "open.yaml").write_text(config.replace("  image: {size: [48, 64]}\n", ""))
    result = call("data", tmp_path / "open.yaml")
    assert result.code == 3
    assert "the images have 2 different sizes [size-missing]" in result.out
    assert "for example [64, 64]" in " ".join(result.out.split())
    (photos / "cat" / "wide.png").unlink()
    for split, label in itertools.product(("train", "test"), ("cat", "dog")):
        (photos / split / label).mkdir(parents=True)
    for path in sorted(photos.glob("[cd]*/*.jpg")):
        path.rename(photos / ("test" if path.stem[-1] == "0" else "train") / path.parent.name / path.name)
    for label in ("cat", "dog"):
        (photos / label).rmdir()
    (tmp_path / "again.yaml").write_text(config + "train: {epochs: 1}\n")
    assert call("data", tmp_path / "again.yaml").code == 0
    (tmp_path / "again.yaml").write_text(config.replace("  image:", "  split: {test: 0.3}\n  image:"))
    result = call("data", tmp_path / "again.yaml")
    assert result.code == 0  # the source's own images win
    assert "data.split.test: 0.3 has no effect" in result.err


@pytest.mark.exhaustive
def test_the_images_of_a_built_in_set_are_looked_at_too(call, tmp_path):
    """Of all digits, two are chosen, and that is done in seconds."""
    text = CONFIG.replace("extends: exclude.yaml\n", "").replace(
        "{folder: {path: PHOTOS}}", "mnist\n  classes: ['4', '9']"
    )
    (tmp_path / "digits.yaml").write_text(text)
    report = json.loads(call("data", tmp_path / "digits.yaml", "--json").out)
    assert report["counts"] == {"train": {"4": 5842, "9": 5949}, "test": {"4": 982, "9": 1009}}


def test_images_without_files_are_on_no_list(call, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8)
    labels = np.arange(20) % 2
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels, x_test=images[:4], y_test=labels[:4])
    text = CONFIG.replace("extends: exclude.yaml\n", "")
    (tmp_path / "a.yaml").write_text(
        text.replace("{folder: {path: PHOTOS}}", f"{{arrays: {{path: {tmp_path}/a.npz}}}}")
    )
    result = call("data", tmp_path / "a.yaml")
    assert "copies-across-splits" in result.out
    assert "--list" not in result.out


def test_the_list_is_empty_where_nothing_is_to_be_left_out(call, photos):
    text = call("data", photos, "--list", "-").out
    assert read(text, "exclude.yaml").value == {"data": {"exclude": []}}


def test_the_list_is_written_neither_among_the_images_nor_over_another_file(call, photos, tmp_path):
    inside = call("data", photos, "--list", photos / "cat" / "exclude.yaml")
    assert (inside.code, list(photos.rglob("*.yaml"))) == (5, [])
    (tmp_path / "thesis.tex").write_text("years of work")
    assert call("data", photos, "--list", tmp_path / "thesis.tex").code == 5
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_name_that_no_spec_can_hold_is_a_comment_on_the_list(call, photos):
    (photos / "cat" / "bytes_\udcff.jpg").write_bytes(b"")
    text = call("data", photos, "--list", "-").out
    assert r'# rename this file, a spec cannot name it: "cat/bytes_\udcff.jpg"' in text
    assert read(text, "exclude.yaml").value == {"data": {"exclude": []}}


def test_an_earlier_list_is_replaced(call, broken, tmp_path):
    for _ in range(2):
        assert call("data", broken, "--list", tmp_path / "exclude.yaml").code == 3


def test_quick_finds_broken_files_and_says_what_it_did_not_do(call, broken):
    result = call("data", broken, "--quick")
    assert result.code == 3
    assert "[damaged]" in result.out
    assert "[copies]" not in result.out
    assert "only headers were read" in result.out


def test_a_table_is_looked_at_too(call, photos):
    names = sorted(photos.rglob("*.jpg"))
    rows = [f"{name.relative_to(photos)},{name.parent.name}" for name in names]
    (photos / "labels.csv").write_text("\n".join(["path,label", *rows]))
    assert "100 images in 2 classes" in call("data", photos / "labels.csv").out


def test_a_folder_that_is_not_there_is_an_error_of_the_data(call, tmp_path):
    result = call("data", tmp_path / "nowhere")
    assert (result.code, result.out) == (3, "")
    assert "does not exist" in result.err


def test_json_and_a_list_do_not_share_stdout(call, photos):
    assert call("data", photos, "--json", "--list", "-").code == 2


def test_a_list_that_is_written_again_keeps_what_it_and_the_spec_left_out(call, broken, tmp_path):
    listed, config = tmp_path / "exclude.yaml", tmp_path / "photos.yaml"
    call("data", broken, "--list", listed)
    listed.write_text(listed.read_text("utf-8").replace('# - "dog/copy.jpg"', '- "dog/copy.jpg"'), "utf-8")
    config.write_text(CONFIG.replace("PHOTOS", str(broken)))
    (broken / "cat" / "late.jpg").write_bytes(b"")
    call("data", config, "--list", listed)
    kept = [f"cat/{ODD}", "cat/half.jpg", "dog/copy.jpg"]
    assert read(listed.read_text("utf-8"), "").value == {"data": {"exclude": [*kept, "cat/late.jpg"]}}
    call("data", broken, "--list", listed)
    assert sorted(read(listed.read_text("utf-8"), "").value["data"]["exclude"]) == sorted([*kept, "cat/late.jpg"])
    call("data", config, "--list", tmp_path / "other.yaml")
    assert set(kept) < set(read((tmp_path / "other.yaml").read_text("utf-8"), "").value["data"]["exclude"])


def test_a_name_that_excludes_nothing_is_told(call, photos, tmp_path):
    config = tmp_path / "photos.yaml"
    config.write_text(
        CONFIG.replace("extends: exclude.yaml\n", "").replace("data:", "data:\n  exclude: [cat/no.jpg]", 1)
    )
    config.write_text(config.read_text().replace("PHOTOS", str(photos)))
    assert call("data", config).err == "warning: data.exclude: file not found: 'cat/no.jpg'\n"


@pytest.mark.parametrize(
    ("has", "message"),
    [
        ({"cat": 1, "dog": 1}, "1 test image of 2 leaves too few for the rest"),
        (
            {"train/cat": 1, "train/dog": 1, "test/cat": 9, "test/dog": 5},
            "1 validation image of 2 leaves too few for the rest",
        ),
    ],
)
def test_images_that_cannot_be_divided_are_no_healthy_ones(call, tmp_path, has, message):
    for number, (folder, count) in enumerate(has.items()):
        (tmp_path / folder).mkdir(parents=True)
        for i in range(count):
            (tmp_path / folder / f"{i}.jpg").write_bytes(jpeg(100 * number + i))
    result = call("data", tmp_path)
    assert (result.code, "[refused]" in result.out) == (3, True)
    assert message in " ".join(result.out.split())


@pytest.mark.parametrize("counts", [(6, 6), (8, 8), (9, 1)])
def test_few_images_that_can_be_divided_somehow_are_not_refused(call, tmp_path, counts):
    for number, count in enumerate(counts):
        name = "ab"[number]
        (tmp_path / name).mkdir()
        for i in range(count):
            (tmp_path / name / f"{i}.jpg").write_bytes(jpeg(100 * number + i))
    result = call("data", tmp_path)
    assert (result.code, "refused" in result.out) == (0, False)


def test_the_division_of_a_spec_is_written_and_used_again(call, photos, tmp_path):
    config = CONFIG.replace("extends: exclude.yaml\n", "").replace("PHOTOS", str(photos))
    (tmp_path / "a.yaml").write_text(config)
    file = tmp_path / "split.csv"
    result = call("data", tmp_path / "a.yaml", "--write-split", file)
    assert (result.code, result.out) == (0, "")
    assert (
        f"wrote {file}: train 70, validation 10, test 20; to train on them: --set data.split.file={file}" in result.err
    )
    rows = file.read_text().splitlines()
    assert rows[0] == "split,image"
    assert len(rows) == 101
    assert call("data", tmp_path / "a.yaml", "--write-split", file).code == 0  # over an earlier one
    (tmp_path / "b.yaml").write_text(config.replace("  image:", f"  split: {{file: {file}}}\n  image:"))
    assert call("data", tmp_path / "b.yaml", "--quick").code == 0
    file.write_text("\n".join([*rows, "test,cat/gone.jpg"]))
    result = call("data", tmp_path / "b.yaml", "--quick")
    assert result.code == 3
    assert "lacks 1 of the 101 images" in " ".join(result.out.split())


def test_a_division_is_written_over_nothing_else(call, photos, tmp_path):
    config = CONFIG.replace("extends: exclude.yaml\n", "").replace("PHOTOS", str(photos))
    (tmp_path / "a.yaml").write_text(config)
    (tmp_path / "notes.txt").write_text("mine")
    assert call("data", tmp_path / "a.yaml", "--write-split", tmp_path / "notes.txt").code == 5
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert call("data", tmp_path / "a.yaml", "--write-split", photos / "split.csv").code == 5
    result = call("data", photos, "--write-split", tmp_path / "b.csv")
    assert result.code == 2
    assert "--write-split requires a spec" in result.err
