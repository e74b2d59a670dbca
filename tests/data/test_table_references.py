"""Images that a table does not name as they are: without suffix, in other folders, from another machine."""

import pytest
from picture_files import put

from cnncli.data.sources.rows.references import References


@pytest.fixture
def photos(tmp_path):
    put(
        tmp_path,
        "part_1/ISIC_1.jpg",
        "part_2/ISIC_2.jpg",
        "part_2/ISIC_10.png",
        "cat/1.png",
        "dog/1.png",
        "x/cat/2.png",
    )
    return tmp_path


def names(folder, *written):
    return [
        found.name if not found.problem else f"{found.name} {found.problem}"
        for found in References(folder).resolve(written)
    ]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("part_1/ISIC_1.jpg", "part_1/ISIC_1.jpg"),
        ("ISIC_1", "part_1/ISIC_1.jpg"),
        ("ISIC_1.jpg", "part_1/ISIC_1.jpg"),
        ("part_2/ISIC_10", "part_2/ISIC_10.png"),
        ("part_2\\ISIC_10.png", "part_2/ISIC_10.png"),
        ("cat/2.png", "x/cat/2.png"),
        ("./x/../cat/1.png", "./x/../cat/1.png"),
        ("ISIC_3", "ISIC_3 does not exist"),
        ("1.png", "1.png may be cat/1.png, dog/1.png"),
        ("cat", "cat is not a file"),
        ("x" * 300, f"{'x' * 60}… is not the name of a file"),
        ("Part_1/isic_1.JPG", "part_1/ISIC_1.jpg"),
        ("CAT/2", "x/cat/2.png"),
        ("", " does not exist"),
    ],
)
def test_an_image_is_found(photos, written, found):
    assert names(photos, written, "cat/1.png") == [found, "cat/1.png"]


@pytest.mark.parametrize(
    "prefix",
    ["/home/ann/pictures/", "s3://bucket/pictures/", "gs://bucket/", "https://example.org/a/", "C:\\pictures\\"],
)
def test_names_of_another_machine_are_found_where_all_are_unique(photos, prefix):
    assert names(photos, f"{prefix}ISIC_1.jpg", f"{prefix}2.png") == ["part_1/ISIC_1.jpg", "x/cat/2.png"]
    assert names(photos, f"{prefix}ISIC_1.jpg", f"{prefix}1.png")[1] != "cat/1.png"


def test_a_folder_that_is_written_is_never_another_folder(photos):
    assert names(photos, "owl/1.png", "cat/1.png") == ["owl/1.png does not exist", "cat/1.png"]


@pytest.mark.parametrize(
    "prefix",
    ["/home/ann/pictures/", "s3://bucket/a/b/", "https://example.org/a/", "C:\\pictures\\", "/kaggle/input/pets/data/"],
)
def test_names_of_another_machine_are_found_by_the_folders_that_are_left(photos, prefix):
    there = ("cat/1.png", "dog/1.png", "part_2/ISIC_10.png")
    assert names(photos, *(prefix + name for name in there)) == [*there]
    windows = [prefix + name.replace("/", "\\") for name in there]
    assert names(photos, *windows) == [*there]


def test_names_of_another_machine_stay_apart(photos):
    assert names(photos, "/a/owl/1.png", "/a/fox/1.png") == [
        "/a/owl/1.png does not exist",
        "/a/fox/1.png does not exist",
    ]


@pytest.mark.parametrize(
    ("written", "file"), [("é.png", "e\u0301.png"), ("e\u0301.png", "é.png"), ("É", "e\u0301.png")]
)
def test_a_name_in_another_unicode_form(tmp_path, written, file):
    put(tmp_path, f"in/{file}", "in/other.png")
    assert names(tmp_path, written, "in/other.png") == [f"in/{file}", "in/other.png"]


def test_names_that_differ_in_case_alone_are_told_apart(tmp_path):
    put(tmp_path, "a/x.png", "b/X.png")
    assert names(tmp_path, "x.png", "X.png") == ["a/x.png", "b/X.png"]
    assert names(tmp_path, "X.PNG", "a/x.png")[0] == "X.PNG may be a/x.png, b/X.png"


def test_suffixes_of_images_that_were_converted(photos):
    assert names(photos, "ISIC_1.tif", "ISIC_10.tif") == ["part_1/ISIC_1.jpg", "part_2/ISIC_10.png"]
    assert names(photos, "ISIC_1.tif", "cat/1.png")[0] == "ISIC_1.tif does not exist"


@pytest.mark.parametrize("written", [("1", "12"), ("1.0", "12.0"), ("001", "000012")])
def test_numbers_that_lost_their_zeros(tmp_path, written):
    put(tmp_path, "in/00001.png", "in/00012.png", "in/readme.png")
    assert names(tmp_path, *written) == ["in/00001.png", "in/00012.png"]
    put(tmp_path, "other/0001.png", "other/0012.png")
    assert names(tmp_path, *written) == [f"{name} does not exist" for name in written]
