"""Images packed into tar shards: what is read back is what was packed, and nothing of anybody else is touched."""

import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.remote.fetch import _refuse_names
from cnncli.data.remote.objects import RemoteFile
from cnncli.data.sources import folder, table
from cnncli.errors import DataError, ResourceError
from cnncli.runner import pack as packing
from cnncli.runner.inputs.splits import load_splits
from cnncli.runner.pack import pack
from cnncli.spec import load

AS_THEY_ARE = InputFormat(8, 8, 3)
CLASSES = ("class 2", "class 10", "größe, 大")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def photos(tmp_path):
    """A folder with splits, and names of files that look alike."""
    random = np.random.default_rng(0)
    for split, names in (("train", ("a.1.png", "a.2.PNG", "a 1.jpg", "a_1.jpg")), ("val", ("a.1.png",))):
        for name in CLASSES:
            place = tmp_path / "photos" / split / name
            place.mkdir(parents=True)
            for file in names:
                Image.fromarray(random.integers(0, 256, (8, 8, 3)).astype(np.uint8)).save(place / file)
    return tmp_path / "photos"


def in_splits(data):
    """For each split the class and the pixels of every image."""
    return {
        split: (
            [data.class_names[label] for label in samples.labels],
            samples.read(np.arange(len(samples))).tolist(),
        )
        for split, samples in data.splits.items()
    }


def contents(place):
    return {path.name: path.read_bytes() for path in place.iterdir()}


def packed(source, out, most=1 << 20):
    return pack(source, out, most, lambda text: None)


def test_what_is_read_back_is_what_was_packed(photos, tmp_path):
    result = packed(photos, tmp_path / "out", 8000)
    assert (result.images, result.shards, result.written) == (15, 5, 5)
    original = folder.load(photos, AS_THEY_ARE)
    again = table.load(tmp_path / "out", AS_THEY_ARE)
    assert again.class_names == original.class_names == CLASSES
    assert in_splits(again) == in_splits(original)
    with tarfile.open(tmp_path / "out" / "train-000000.tar") as archive:
        first = archive.next()
        assert archive.extractfile(first).read() == (photos / "train" / "class 2" / "a 1.jpg").read_bytes()


def test_the_same_images_give_the_same_bytes_and_are_not_packed_again(photos, tmp_path):
    packed(photos, tmp_path / "one", 8000)
    packed(photos, tmp_path / "two", 8000)
    before = contents(tmp_path / "one")
    assert {name: before[name] for name in before if not name.startswith(".")} == {
        name: content for name, content in contents(tmp_path / "two").items() if not name.startswith(".")
    }
    assert packed(photos, tmp_path / "one", 8000).written == 0
    (photos / "val" / "class 2" / "a.1.png").write_bytes((photos / "val" / "class 10" / "a.1.png").read_bytes() + b"\0")
    assert packed(photos, tmp_path / "one", 8000).written == 1
    fewer = packed(photos, tmp_path / "one", 1 << 20)
    assert (fewer.shards, len(list((tmp_path / "one").glob("*.tar")))) == (2, 2)


def test_the_package_webdataset_reads_them(photos, tmp_path):
    import webdataset

    packed(photos, tmp_path / "out")
    shard = str(tmp_path / "out" / "train-000000.tar")
    samples = [*webdataset.WebDataset(shard, shardshuffle=False).decode("rgb8")]
    original = folder.load(photos, AS_THEY_ARE).splits["train"]
    pixels = [next(sample[kind] for kind in ("png", "jpg") if kind in sample) for sample in samples]
    assert [sample["cls"] for sample in samples] == original.labels.tolist()
    assert np.abs(np.stack(pixels).astype(int) - original.read(np.arange(len(original)))).max() <= 2


def test_images_at_an_address(photos, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", tmp_path, "photos")
    packed(Path(f"zip://photos::{archive}"), tmp_path / "out")
    packed(photos, tmp_path / "other")
    for name in ("train-000000.tar", "validation-000000.tar", "classes.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def spec_of(source, **data):
    layers = ["Flatten", {"Dense": {"units": "classes", "activation": "softmax"}}]
    return load({"data": {"source": source, **data}, "model": {"layers": layers}}).spec


def test_those_of_a_spec_are_divided_as_its_training_divides_them(photos, tmp_path):
    spec = spec_of(
        {"folder": {"path": str(photos / "train")}}, classes=list(CLASSES[::-1]), split={"validation": 3, "test": 3}
    )
    packed(spec, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "classes.json").read_text("utf-8")) == list(CLASSES[::-1])
    own = load_splits(spec.data, spec.seed)
    again = load_splits(spec_of({"table": {"path": str(tmp_path / "out")}}, classes=list(CLASSES[::-1])).data, 0)
    for split, samples in own.samples.items():
        assert again.samples[split].labels.tolist() == samples.labels.tolist()
        assert (again.samples[split].read(np.arange(3)) == samples.read(np.arange(3))).all()


def test_pixels_of_arrays_become_pngs(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 6)).astype(np.uint8)
    np.savez(tmp_path / "some.npz", x_train=images, y_train=np.arange(20) % 2, x_test=images[:4], y_test=[0, 1, 0, 1])
    packed(tmp_path / "some.npz", tmp_path / "out")
    again = table.load(tmp_path / "out", InputFormat(6, 6, 1))
    assert (again.splits["train"].read(np.arange(20))[..., 0] == images).all()
    assert (again.class_names, again.splits["test"].labels.tolist()) == (("0", "1"), [0, 1, 0, 1])


@pytest.mark.exhaustive
def test_a_thousand_classes(tmp_path):
    file = io.BytesIO()
    Image.new("L", (2, 2)).save(file, "PNG")
    for number in range(1000):
        (tmp_path / "many" / f"n{number:04d}").mkdir(parents=True)
        (tmp_path / "many" / f"n{number:04d}" / "1.png").write_bytes(file.getvalue())
    packed(tmp_path / "many", tmp_path / "out", 1 << 28)
    again = table.load(tmp_path / "out", AS_THEY_ARE)
    assert again.class_names == tuple(f"n{number:04d}" for number in range(1000))
    assert again.splits["train"].labels.tolist() == [*range(1000)]


def test_files_that_cannot_be_decoded_are_all_named_before_anything_is_written(photos, tmp_path):
    image = photos / "train" / "class 2" / "a 1.jpg"
    image.write_bytes(image.read_bytes()[:-40])
    (photos / "train" / "class 10" / "a.1.png").write_bytes(b"text")
    with pytest.raises(DataError) as raised:
        packed(photos, tmp_path / "out")
    assert "2 files that cannot be read" in raised.value.message
    assert "class 2/a 1.jpg" in raised.value.message
    assert "unreadable: exclude" in raised.value.hint
    assert not (tmp_path / "out").exists()
    source = {"folder": {"path": str(photos)}}
    spec = spec_of(source, unreadable="exclude", split={"validation": 3, "test": 3}, image={"size": 8})
    assert packed(spec, tmp_path / "out").images == 13


@pytest.mark.parametrize("name", ["notes.txt", "train-000000.tar"])
def test_files_of_somebody_else_are_refused(photos, tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("mine")
    with pytest.raises(ResourceError, match=f"did not write: {name}"):
        packed(photos, tmp_path / "out")
    assert contents(tmp_path / "out") == {name: b"mine"}
    (tmp_path / "out" / name).unlink()
    packed(photos, tmp_path / "out")
    (tmp_path / "out" / "more.tar").write_text("mine")
    with pytest.raises(ResourceError, match=r"did not write: more\.tar"):
        packed(photos, tmp_path / "out")


def test_a_bucket_with_all_that_was_written_can_be_fetched(photos, tmp_path):
    packed(photos, tmp_path / "out")
    _refuse_names({name: RemoteFile(name, 1, "") for name in contents(tmp_path / "out")})


def test_a_folder_inside_the_data_is_refused(photos):
    with pytest.raises(ResourceError, match="would be inside the data"):
        packed(photos, photos / "out")


def test_what_does_not_fit_is_refused_before(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(packing.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 3}))
    with pytest.raises(ResourceError, match="are to be written"):
        packed(photos, tmp_path / "out")
    assert contents(tmp_path / "out") == {}


def test_an_interrupted_call_leaves_no_shard_and_the_next_one_completes_it(photos, tmp_path):
    seen = []

    def interrupt(done, total):
        seen.append(done)
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(photos, tmp_path / "out", 8000, lambda text: None, interrupt)
    assert not [*(tmp_path / "out").glob("*.tar")]
    pack(photos, tmp_path / "out", 8000, lambda text: None, lambda done, total: seen.append(total))
    assert seen[-1] < 15, "shards that were whole were packed again"
    packed(photos, tmp_path / "other", 8000)
    visible = [
        {name: content for name, content in contents(tmp_path / place).items() if not name.startswith(".")}
        for place in ("out", "other")
    ]
    assert visible[0] == visible[1]


def test_a_full_disk_is_said_and_leaves_nothing_half(photos, tmp_path):
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, resource.RLIM_INFINITY))

    command = [sys.executable, "-m", "cnncli", "data", "pack", str(photos), str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(command, preexec_fn=limited, env=environment, capture_output=True, text=True)
    assert run.returncode == 5
    assert "cannot write" in run.stderr
    assert "Traceback" not in run.stderr
    assert contents(tmp_path / "out") == {}


def test_an_image_that_changes_meanwhile_is_said(photos, tmp_path, monkeypatch):
    write = packing._write_parts

    def change(*arguments):
        (photos / "train" / "class 2" / "a 1.jpg").write_bytes(b"more")
        write(*arguments)

    monkeypatch.setattr(packing, "_write_parts", change)
    with pytest.raises(DataError, match="changes while it is packed"):
        packed(photos, tmp_path / "out")


def test_images_are_packed_in_a_random_order_that_is_always_the_same(photos, tmp_path):
    packed(photos, tmp_path / "plain")
    for name in ("first", "again"):
        pack(photos, tmp_path / name, 1 << 20, lambda text: None, shuffled=True)
    assert contents(tmp_path / "first") == contents(tmp_path / "again") != contents(tmp_path / "plain")
    plain, shuffled = (table.load(tmp_path / name, AS_THEY_ARE) for name in ("plain", "first"))
    for split, (classes, pixels) in in_splits(plain).items():
        others = [*zip(*in_splits(shuffled)[split], strict=True)]
        assert sorted(map(repr, zip(classes, pixels, strict=True))) == sorted(map(repr, others))
    assert shuffled.splits["train"].labels.tolist() != sorted(shuffled.splits["train"].labels.tolist())
