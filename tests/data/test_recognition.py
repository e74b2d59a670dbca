"""What a path is taken for: `cnncli init` writes the source that reads it; a folder may hold a data set of its own."""

import gzip
import json
import subprocess

import numpy as np
import pytest
from picture_files import encoded, put

import cnncli
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.quality.survey import survey
from cnncli.data.recognition import recognised
from cnncli.data.sources import load_images
from cnncli.errors import DataError

GREY = np.arange(6 * 8 * 8, dtype=np.uint8).reshape(6, 8, 8)
LABELS = np.array([0, 1, 2, 0, 1, 2])
IMAGES = [f"images/{number}.png" for number in range(1, 7)]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path.parent / f"{tmp_path.name}-cache"))


def table(file, images=IMAGES, labels=("owl", "cat", "dog") * 2, header="path,label"):
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{image},{label}" for image, label in zip(images, labels, strict=True)]
    file.write_text("\n".join([header, *rows]))


def idx(folder, split, images, labels):
    folder.mkdir(parents=True, exist_ok=True)
    for kind, array in (("images", images), ("labels", labels.astype(np.uint8))):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        (folder / f"{split}-{kind}-idx{array.ndim}-ubyte").write_bytes(head + array.tobytes())


def refusal(path) -> str:
    with pytest.raises(DataError) as caught:
        survey(path)
    return f"{caught.value.message} | {caught.value.hint}"


def recognised_in(path):
    of_it = survey(path)
    return of_it.source, of_it.arguments


@pytest.mark.parametrize("path", [".", "train-images-idx3-ubyte", "MNIST", "MNIST/raw", "around"])
def test_files_of_mnist_are_found_in_their_folder(tmp_path, path):
    inner = {"MNIST": "MNIST/raw", "MNIST/raw": "MNIST/raw", "around": "around/MNIST/raw"}.get(path, "")
    idx(tmp_path / inner, "train", GREY, LABELS)
    seen = survey(tmp_path / path)
    assert (seen.source, seen.class_names) == ("idx", ("0", "1", "2"))
    assert seen.arguments == {"path": str(tmp_path / inner)}
    assert np.array_equal(seen.sizes, [[8, 8]] * 6)


def test_cifar_is_recognised_by_its_files(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    row = np.zeros((10, 3073), np.uint8)
    row[:, 0] = range(10)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        row.tofile(folder / f"{name}.bin")
    (folder / "batches.meta.txt").write_text("\n".join("abcdefghij"))
    for path in (folder, folder / "test_batch.bin", tmp_path):
        seen = survey(path)
        assert (seen.source, seen.arguments, len(seen.class_names)) == ("cifar", {"path": str(folder)}, 10)


def test_pickled_batches_are_named(tmp_path):
    for name in ("data_batch_1", "batches.meta"):
        (tmp_path / name).write_bytes(b"")
    assert "the Python version of CIFAR, which is pickled" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["mnist.npz", "d.h5"])
def test_the_only_file_of_arrays_in_a_folder(tmp_path, name):
    if name.endswith(".npz"):
        np.savez(tmp_path / name, images=GREY, labels=LABELS)
    else:
        h5py = pytest.importorskip("h5py")
        with h5py.File(tmp_path / name, "w") as file:
            file["images"], file["labels"] = GREY, LABELS
    seen = survey(tmp_path)
    assert (seen.source, seen.class_names) == ("arrays", ("0", "1", "2"))


def test_one_of_two_npy_files_stands_for_both(tmp_path):
    np.save(tmp_path / "images.npy", GREY)
    np.save(tmp_path / "labels.npy", LABELS)
    assert survey(tmp_path / "images.npy").arguments == {"path": str(tmp_path)}


def test_weights_beside_class_folders_are_no_data_set(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    (tmp_path / "best.h5").write_bytes(b"weights")
    assert recognised(tmp_path).source == "folder"


def test_files_of_arrays_beside_other_folders_are_a_data_set(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "digits.h5", "w") as file:
        file["x"], file["y"] = GREY, LABELS
    (tmp_path / "docs").mkdir()
    assert survey(tmp_path).source == "arrays"


def test_a_folder_without_class_folders_is_read_by_its_table(tmp_path):
    put(tmp_path, *IMAGES)
    table(tmp_path / "labels.csv")
    (tmp_path / "readme.csv").write_text("a,b\n1,2\n")
    seen = survey(tmp_path)
    assert (seen.source, seen.arguments) == ("table", {"path": str(tmp_path / "labels.csv")})
    assert f"{tmp_path} is read by its table labels.csv" in seen.notices


@pytest.mark.parametrize("sample", ["sample_submission.csv", "another.csv"])
def test_the_table_of_the_most_images_is_that_of_the_training(tmp_path, sample):
    put(tmp_path, *IMAGES, "images/7.png")
    table(tmp_path / "train.csv")
    table(tmp_path / sample, ["images/7.png"], ["owl"])
    assert survey(tmp_path).arguments == {"path": str(tmp_path / "train.csv")}


def test_test_csv_does_not_come_before_train_csv(tmp_path):
    put(tmp_path, *IMAGES, "images/7.png")
    table(tmp_path / "train.csv")
    (tmp_path / "test.csv").write_text("path\nimages/7.png\n")
    seen = survey(tmp_path)
    assert (seen.arguments, set(seen.labels)) == ({"path": str(tmp_path)}, {"train"})
    assert any("test.csv has no column label" in each for each in seen.notices)


def test_several_tables_are_listed(tmp_path):
    put(tmp_path, *IMAGES)
    for name in ("birds.csv", "plants.csv"):
        table(tmp_path / name)
    assert "several tables of images: birds.csv, plants.csv | name one of them" in refusal(tmp_path)


def test_folders_that_are_parts_of_one_set_are_no_classes(tmp_path):
    put(tmp_path, *(f"part_{1 + number % 2}/ISIC_{number}.png" for number in range(6)))
    table(tmp_path / "metadata.csv", [f"ISIC_{number}" for number in range(6)], header="image_id,dx")
    assert survey(tmp_path).class_names == ("cat", "dog", "owl")


def test_class_folders_that_differ_in_a_number_alone_remain_classes(tmp_path):
    put(tmp_path, "class1/1.png", "class1/2.png", "class2/1.png")
    (tmp_path / "notes.csv").write_text("day,weather\n1,rain\n")
    assert survey(tmp_path).class_names == ("class1", "class2")


def test_the_other_tables_of_the_splits_are_named(tmp_path):
    put(tmp_path, *IMAGES)
    table(tmp_path / "train.csv", IMAGES[:3], ["owl", "cat", "dog"])
    table(tmp_path / "test.csv", IMAGES[3:], ["owl", "cat", "dog"])
    assert any(f"to use all: cnncli init {tmp_path}" in each for each in survey(tmp_path / "train.csv").notices)
    assert set(survey(tmp_path).labels) == {"train", "test"}


def test_images_beside_the_folder_of_a_table(tmp_path):
    put(tmp_path, *IMAGES)
    table(tmp_path / "annotations" / "list.csv", [name.removeprefix("images/") for name in IMAGES])
    seen = survey(tmp_path / "annotations" / "list.csv")
    assert seen.arguments["root"] == str(tmp_path)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("label_num_to_disease_map.json", json.dumps({"0": "rust", "1": "scab", "2": "none"})),
        ("classes.txt", "rust\nscab\nnone\n"),
        ("signnames.csv", "ClassId,SignName\n0,rust\n1,scab\n2,none\n"),
    ],
)
def test_numbers_get_the_names_that_lie_beside_their_table(tmp_path, file, content):
    put(tmp_path, *IMAGES)
    table(tmp_path / "train.csv", labels=LABELS)
    (tmp_path / file).write_text(content)
    seen = survey(tmp_path / "train.csv")
    assert seen.arguments["names"] == str(tmp_path / file)
    assert set(seen.class_names) == {"rust", "scab", "none"}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("classes.txt", "rust\nscab\n"),
        ("classes.json", "[1, 2"),
        ("sign_test.csv", "label,pixel1\n0,1\n1,2\n2,3\n0,4\n"),
        ("notes.txt", "rust\nscab\nnone\n"),
    ],
)
def test_a_file_that_does_not_fit_names_no_classes(tmp_path, file, content):
    put(tmp_path, *IMAGES)
    table(tmp_path / "train.csv", labels=LABELS)
    (tmp_path / file).write_text(content)
    assert survey(tmp_path / "train.csv").class_names == ("0", "1", "2")


def test_a_folder_with_nothing_but_an_archive_says_how_to_unpack_it(tmp_path):
    (tmp_path / "photos.zip").write_bytes(b"PK")
    assert "unpack it: cnncli init " in refusal(tmp_path)


@pytest.mark.parametrize("path", ["mine", "mine/1.0.0"])
def test_a_data_set_of_tensorflow_datasets_is_called_that(tmp_path, path):
    (tmp_path / "mine" / "1.0.0").mkdir(parents=True)
    for name in ("features.json", "dataset_info.json", "mine-train.tfrecord-00000-of-00001"):
        (tmp_path / "mine" / "1.0.0" / name).write_text("{}")
    assert f"source: {{tfds: {{name: mine, data_dir: {tmp_path}}}}}" in refusal(tmp_path / path)


def test_what_hugging_face_saved_is_no_data_set_of_tensorflow(tmp_path):
    pa, ipc = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.ipc")
    content = pa.table({"image": [{"bytes": encoded(10)}, {"bytes": encoded(20)}], "label": ["a", "b"]})
    with ipc.new_stream(tmp_path / "data-00000-of-00001.arrow", content.schema) as stream:
        stream.write_table(content)
    for name in ("dataset_info.json", "state.json"):
        (tmp_path / name).write_text("{}")
    assert recognised(tmp_path).source == "table"


def test_one_of_several_files_of_arrays_names_the_others(tmp_path):
    h5py = pytest.importorskip("h5py")
    for split in ("train", "test"):
        with h5py.File(tmp_path / f"{split}.h5", "w") as file:
            file["x"], file["y"] = GREY, LABELS
    assert any(f"cnncli init {tmp_path}" in each for each in survey(tmp_path / "train.h5").notices)
    assert set(survey(tmp_path).labels) == {"train", "test"}


@pytest.mark.parametrize("names", [("cat.{}.jpg", "dog.{}.jpg"), ("red fox_{}.png", "Maine-Coon_{}.png")])
def test_classes_in_the_names_of_files_become_a_table_by_the_command(tmp_path, names):
    put(tmp_path, *(f"pets/{name.format(number)}" for name in names for number in range(1, 5)))
    command = refusal(tmp_path / "pets").partition("this makes a table of them: ")[2].partition(" && ")[0]
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    assert set(survey(tmp_path / "pets.csv", {"root": str(tmp_path / "pets")}).class_names) == {
        name.partition("{")[0].rstrip("._") for name in names
    }


@pytest.mark.parametrize("names", [("img_1.png", "img_2.png"), ("a1.png", "cat2.png"), ("cat.1.png", "dog.1.png")])
def test_names_that_tell_no_classes(tmp_path, names):
    put(tmp_path, *names)
    assert "makes a table" not in refusal(tmp_path)


def test_arrays_that_are_called_after_classes_are_not_called_an_empty_folder(tmp_path):
    for name in ("cat", "dog"):
        np.save(tmp_path / f"{name}.npy", GREY)
    assert "an array whose name does not tell what it holds: expected images.npy and labels.npy" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "place"), [("train.csv", "train"), ("Training_set.csv", "Train"), ("train.csv.gz", "train_images")]
)
@pytest.mark.parametrize("all_of_it", [True, False])
def test_images_in_the_folder_that_a_table_is_called_after(tmp_path, name, place, all_of_it):
    put(tmp_path, *(f"{folder}/{at}.png" for folder in (place, "test") for at in range(1, 7)))
    table(tmp_path / name, [f"{at}.png" for at in range(1, 7)])
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    survey_of_it = survey(tmp_path if all_of_it else tmp_path / name)
    assert survey_of_it.arguments == {"path": str(tmp_path / name), "root": str(tmp_path / place)}
    assert not [line for line in survey_of_it.notices if "found below" in line]


@pytest.mark.parametrize("folders", [("images", "masks"), ("Images", "annotations"), ("img", "labels", "meta")])
def test_folders_of_parts_of_a_data_set_are_no_classes(tmp_path, folders):
    put(tmp_path, *(f"{folder}/{at}.png" for folder in folders for at in range(1, 7)))
    assert "which are parts of a data set and not classes" in refusal(tmp_path)
    table(tmp_path / "list.csv", [f"{folders[0]}/{at}.png" for at in range(1, 7)])
    assert survey(tmp_path).arguments["path"] == str(tmp_path / "list.csv")


def test_tables_of_splits_come_before_folders_without_labels(tmp_path):
    train = [f"Train/{at % 3}/{at}.png" for at in range(9)]
    test = [f"Test/{at}.png" for at in range(6)]
    put(tmp_path, *train, *test)
    table(tmp_path / "Train.csv", train, ["0", "1", "2"] * 3, "Path,ClassId")
    assert survey(tmp_path).source == "folder"
    table(tmp_path / "Test.csv", test, ["0", "1", "2"] * 2, "Path,ClassId")
    assert (survey(tmp_path).source, len(survey(tmp_path).labels["test"])) == ("table", 6)


def test_an_archive_in_a_folder_comes_before_what_is_about_it(tmp_path):
    (tmp_path / "README.txt").write_text("how to unpack it")
    (tmp_path / "labels.csv").write_text("file,label")
    (tmp_path / "photos.zip").write_bytes(b"PK")
    assert "photos.zip" in refusal(tmp_path)
    assert "there is a table in it" not in refusal(tmp_path)


def test_the_data_doctor_reads_the_table_in_a_folder(tmp_path):
    put(tmp_path, *IMAGES)
    table(tmp_path / "pets.csv")
    told = []
    report = cnncli.check_data(tmp_path, quick=True, notice=told.append)
    assert (report.images, report.class_names) == (6, ("cat", "dog", "owl"))
    assert told == [f"{tmp_path} is read by its table pets.csv"]


@pytest.mark.parametrize("places", [("train", "val"), ("train/images", "valid/images"), ("images/Train", "images/Val")])
def test_tables_and_folders_of_splits_with_images_of_the_same_names(tmp_path, places):
    for split, place in zip(("train", "val"), places, strict=True):
        put(tmp_path, *(f"{place}/{at}.png" for at in range(6)), start=10 if split == "train" else 50)
        table(tmp_path / f"{split}.csv", [f"{at}.png" for at in range(6)], ("owl", "cat", "dog") * 2)
    data = load_images(*recognised_in(tmp_path), input_format=InputFormat(4, 4, 1))
    assert {split: samples.read(np.arange(6))[:, 0, 0, 0].tolist() for split, samples in data.splits.items()} == {
        "train": [*range(10, 16)],
        "validation": [*range(50, 56)],
    }


@pytest.mark.parametrize("place", ["", "images/"])
@pytest.mark.parametrize("name", ["labels.csv", "annotations.json"])
def test_a_table_in_the_folder_of_each_split(tmp_path, place, name):
    for start, split in ((10, "train"), (50, "test")):
        put(tmp_path, *(f"{split}/{place}{at}.png" for at in range(6)), start=start)
        table(tmp_path / split / name, [f"{at}.png" for at in range(6)])
        if name.endswith(".json"):
            content = {f"{at}.png": ("owl", "cat", "dog")[at % 3] for at in range(6)}
            (tmp_path / split / name).write_text(json.dumps(content))
    data = load_images(*recognised_in(tmp_path), input_format=InputFormat(4, 4, 1))
    read = data.splits["test"].read(np.arange(6))[:, 0, 0, 0].tolist()
    assert (read, [data.class_names[label] for label in data.splits["test"].labels]) == (
        [*range(50, 56)],
        ["owl", "cat", "dog"] * 2,
    )


def test_classes_in_the_names_of_training_images_are_told(tmp_path):
    put(tmp_path, *(f"train/{name}.{at}.png" for name in ("cat", "dog") for at in range(3)), "test1/1.png")
    assert f"ls {tmp_path}/train | sed" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["labels.csv", "birds.tsv.gz"])
def test_a_table_beside_class_folders_is_named(tmp_path, name):
    images = [f"{place}/{at}.png" for place in ("cat", "dog") for at in range(3)]
    put(tmp_path, *images)
    (tmp_path / "about.csv").write_text("what,when\nphotographs,2026\n")
    assert not [line for line in survey(tmp_path).notices if "not used" in line]
    table(tmp_path / name, images)
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress((tmp_path / name).read_bytes().replace(b",", b"\t")))
    assert survey(tmp_path).class_names == ("cat", "dog")
    assert f"{tmp_path / name} has labels too and is not used" in survey(tmp_path).notices[0]
