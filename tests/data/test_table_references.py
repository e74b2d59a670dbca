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
        ("x" * 300, f"{'x' * 300} does not exist"),
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
