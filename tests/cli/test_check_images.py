"""`cnncli check --data`: what a training would refuse of the images, and nothing that starts TensorFlow."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SPEC = """\
data: {{source: {source}, image: {{size: [8, 8], color: grayscale}}{more}}}
model: {{layers: [Flatten, Dense: {{units: classes, activation: softmax}}]}}
train: {{epochs: 1{train}}}
"""
NOT_LOOKED_AT = "images not looked at; to do so: --data"


@pytest.fixture
def check(call, tmp_path, monkeypatch):
    """Checks a spec of a source, with and without a look at its images."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path.parent / f"{tmp_path.name}-cache"))
    for name in ("cat", "dog"):
        Path(name).mkdir()
        for number in range(10):
            Image.new("L", (8, 8), 20 * number).save(f"{name}/{number}.png")

    def run(source, more="", train=""):
        Path("s.yaml").write_text(SPEC.format(source=source, more=more, train=train))
        plain = call("check", "s.yaml")
        assert plain.code == 0
        assert plain.out.splitlines()[-1] == f"s.yaml: ok ({NOT_LOOKED_AT})"
        return call("check", "s.yaml", "--data")

    return run


def table(text):
    Path("t.csv").write_text(text)
    return "{table: {path: t.csv}}"


def test_images_that_can_be_trained_on_are_counted(check):
    result = check("{folder: {path: .}}")
    assert (result.code, result.out) == (0, "s.yaml: ok (20 images)\n")


def test_nothing_starts_tensorflow(check, tmp_path):
    check("{folder: {path: .}}")
    code = (
        "import sys\nfrom cnncli.cli import main\n"
        "try: main(['check', 's.yaml', '--data'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("path,breed\ncat/1.png,cat\n", ", label_column: kind", "has no column 'kind'"),
        ("path,label\ncat/1.png,cat\ndog/99.png,dog\n", "", "dog/99.png does not exist"),
        ("path,label,fold\ncat/1.png,cat,1\n", ", split_column: part", "has no column 'part'"),
        ("emotion,pixels\n0," + "7 " * 16 + "\n1," + "7 " * 17 + "\n", "", "17 numbers"),
    ],
)
def test_a_table_that_training_refuses(check, text, arguments, message):
    table(text)
    result = check(f"{{table: {{path: t.csv{arguments}}}}}")
    assert (result.code, message in result.err) == (3, True), result.err


def test_a_folder_of_idx_without_the_files_of_the_training(check):
    head = bytes([0, 0, 8, 3]) + np.array([1, 8, 8], ">u4").tobytes()
    Path("idx").mkdir()
    Path("idx/t10k-images-idx3-ubyte").write_bytes(head + bytes(64))
    Path("idx/t10k-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1]) + np.array([1], ">u4").tobytes() + bytes(1))
    result = check("{idx: {path: idx}}")
    assert (result.code, "has no file of the train images" in result.err) == (3, True)


def test_a_file_that_cannot_be_read(check):
    Path("dog/2.png").write_bytes(Path("dog/2.png").read_bytes()[:20])
    result = check("{folder: {path: .}}")
    assert (result.code, "dog/2.png" in result.err) == (3, True)


def test_weights_of_a_class_that_is_not_there_are_located(check):
    result = check("{folder: {path: .}}", train=", class_weight: {cat: 2, cow: 1}")
    assert (result.code, "3:" in result.out, "cow" in result.out) == (2, True, True)
