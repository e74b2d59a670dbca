"""Tables of images and labels: how they are written, what is guessed, and everything wrong with its line."""

import numpy as np
import pytest
from picture_files import put, tree_hash

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.sources import table
from cnncli.errors import DataError

READING = InputFormat(4, 4, 1)
PETS = "file,label\ncat/1.png,cat\ncat/2.png,cat\ndog/1.png,dog\n"


@pytest.fixture
def pets(tmp_path):
    put(tmp_path, "cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png")
    return tmp_path


def load(folder, text, encoding="utf-8", **options):
    (folder / "pets.csv").write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    before = tree_hash(folder)
    try:
        return table.load(folder / "pets.csv", READING, **options)
    finally:
        assert tree_hash(folder) == before


def message(folder, text, **options) -> str:
    with pytest.raises(DataError) as caught:
        load(folder, text, **options)
    return f"{caught.value.message} | {caught.value.hint}"


def test_a_row_is_an_image(pets):
    data = load(pets, PETS)
    assert data.class_names == ("cat", "dog")
    train = data.splits["train"]
    assert train.names == ("cat/1.png", "cat/2.png", "dog/1.png")
    assert train.labels.tolist() == [0, 0, 1]
    assert train.labels.dtype == np.int64
    assert train.read(np.arange(3))[:, 0, 0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (PETS.replace(",", ";"), "utf-8"),
        (PETS.replace(",", "\t"), "utf-8"),
        (PETS.replace("\n", "\r\n"), "utf-8"),
        (PETS.rstrip(), "utf-8"),
        (PETS, "utf-8-sig"),
        (PETS, "utf-16"),
        (PETS.replace("cat/1.png", '"cat/1.png"').replace("file", '"file"'), "utf-8"),
        (PETS.replace(",", " , ").replace("\n", "\n\n"), "utf-8"),
        (PETS.replace("file,label", "Image Path,Class Name"), "utf-8"),
        (PETS.replace("cat/", "cat\\"), "utf-8"),
    ],
)
def test_however_it_is_written(pets, text, encoding):
    data = load(pets, text, encoding)
    assert data.class_names == ("cat", "dog")
    assert data.splits["train"].names == ("cat/1.png", "cat/2.png", "dog/1.png")


def test_a_delimiter_within_quotes(pets):
    put(pets, "cat/a, b.png")
    data = load(pets, 'file,label\n"cat/a, b.png","cat, tame"\ndog/1.png,dog\n')
    assert data.class_names == ("cat, tame", "dog")
    assert data.splits["train"].names[0] == "cat/a, b.png"


def test_columns_may_be_named(pets):
    text = "id,where,what,by\n7,cat/1.png,cat,Ann\n8,dog/1.png,dog,Bob\n"
    assert "no column that is known to hold the label" in message(pets, text)
    data = load(pets, text, image_column="where", label_column="what")
    assert data.splits["train"].names == ("cat/1.png", "dog/1.png")
    assert "no column 'which'" in message(pets, text, image_column="which", label_column="what")


def test_two_columns_that_may_be_it_are_not_guessed(pets):
    text = "file,label,class\ncat/1.png,cat,0\ncat/2.png,cat,1\ndog/1.png,dog,1\n"
    assert "has 2 columns that may hold the label" in message(pets, text)
    assert load(pets, text, label_column="class").class_names == ("0", "1")


def test_splits_of_its_own(pets):
    text = "file,label,split\ncat/1.png,cat,train\ndog/1.png,dog,Train\ncat/2.png,cat,val\ndog/2.png,dog,validation\n"
    data = load(pets, text)
    assert [*data.splits] == ["train", "validation"]
    assert data.splits["validation"].names == ("cat/2.png", "dog/2.png")
    assert [*load(pets, text, split_column="").splits] == ["train"]
    assert "has no row of the split train, only of test" in message(
        pets, "file,label,split\ncat/1.png,cat,test\ndog/1.png,dog,test\n"
    )


def test_classes_of_splits_are_compared_by_name(pets):
    put(pets, "owl/1.png")
    rows = "cat/1.png,cat,Training\ndog/1.png,dog,Training\ncat/2.png,cat,test_set\nowl/1.png,owl,test_set\n"
    data = load(pets, f"file,label,split\n{rows}")
    assert data.class_names == ("cat", "dog")
    assert data.splits["test"].names == ("cat/2.png",)
    assert data.foreign == {"test": {"owl": 1}}
    chosen = load(pets, f"file,label,split\n{rows}", classes=["dog", "cat"])
    assert not chosen.foreign
    assert [one.message for one in chosen.unused] == [
        "1 image of 1 class that data.classes leaves out is not used: owl"
    ]


def test_rows_that_are_not_used_are_counted(pets):
    data = load(pets, PETS + "dog/2.png,wolf\n", classes=["cat", "dog"], exclude=["cat/2.png"])
    assert {one.reason: one.count for one in data.unused} == {"other-classes": 1, "excluded": 1}


def test_labels_that_are_written_differently_become_one_class(pets):
    data = load(pets, PETS + "dog/2.png,DOG\n", classes={"cat": "cat", "dog": "dog", "DOG": "dog"})
    assert data.class_names == ("cat", "dog")
    assert data.splits["train"].labels.tolist() == [0, 0, 1, 1]


def test_labels_may_be_numbers(pets):
    data = load(pets, "file,label\ncat/1.png,10\ncat/2.png,9\ndog/1.png,10\n")
    assert data.class_names == ("9", "10")
    assert data.splits["train"].labels.tolist() == [1, 0, 1]
    named = load(pets, "file,label\ncat/1.png,10\ncat/2.png,9\ndog/1.png,3\n", classes={10: "cat", 9: "kitten"})
    assert named.class_names == ("cat", "kitten")
    assert named.splits["train"].names == ("cat/1.png", "cat/2.png")


def test_paths_start_from_the_table_or_from_a_root_or_are_absolute(pets):
    (pets / "tables").mkdir()
    text = "file,label\ncat/1.png,cat\n" + f"{pets}/dog/1.png,dog\n"
    assert "line 2: cat/1.png does not exist" in message(pets / "tables", text)
    train = load(pets / "tables", text, root=pets).splits["train"]
    assert train.names == ("cat/1.png", f"{pets}/dog/1.png")
    assert train.read(np.arange(2))[:, 0, 0, 0].tolist() == [1, 3]


def test_images_may_be_left_out(pets):
    data = load(pets, PETS + "gone.png,dog\n", exclude=["gone.png", "cat/2.png"])
    assert data.splits["train"].names == ("cat/1.png", "dog/1.png")


def test_everything_wrong_comes_with_its_line(pets):
    said = message(
        pets,
        "file,label,split\ncat/1.png,cat,train\ndog/1.png,,train\n,dog,train\ncat/2.png,cat,exam\n"
        "./cat/../cat/1.png,dog,train\ncat/1.png,cat,train\nx.png,cat,train\ncat,dog,train\n",
    )
    for line in (
        "5 problems",
        "line 4: no path of an image",
        "line 5: the split 'exam' is not train, validation or test",
        "line 6: ./cat/../cat/1.png is already in line 2, there as cat, here as dog",
        "line 8: x.png does not exist",
        "line 9: cat is not a file",
    ):
        assert line in said


def test_of_many_missing_files_ten_are_listed(pets):
    rows = "".join(f"gone{number}.png,cat\n" for number in range(25))
    said = message(pets, PETS + rows)
    assert "25 problems" in said
    assert "line 5: gone0.png" in said
    assert "gone9.png" in said
    assert "gone10.png" not in said
    assert "and 15 more" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "pets.csv is empty"),
        ("file,label\n", "has no rows"),
        ("1,cat\n2,dog\n", "the first row must name the columns"),
        ("file,label\ncat/1.png,cat,dog\n", "pets.csv:2 has 3 fields, and the first row has 2"),
        ("file,label\ncat/1.png,cat,dog\n", "fields with a comma in them need quotes"),
        ("file,label,split\ncat/1.png,cat\n", "an empty field needs its comma as well"),
        ('file,label\n"cat/1.png,cat\n', "cannot be read as a table"),
        (b"file,label\nk\x81fer.png,cat\n", "pets.csv:2 is not UTF-8 text"),
        ("file,label\ncat/1.png,\ndog/1.png,\n", "has no label in any of its 2 rows"),
        ("file,label\ncat/1.png,cat\ncat/2.png,cat\n", "has only one class, cat"),
        ("file,label\n\0.png,cat\ndog/1.png,dog\n", "is not the name of a file"),
    ],
)
def test_what_is_no_table_of_images(pets, text, words):
    assert words in message(pets, text)


def test_no_such_table(tmp_path):
    with pytest.raises(DataError, match=r"pets\.csv does not exist"):
        table.load(tmp_path / "pets.csv", READING)
    with pytest.raises(DataError, match="is a folder, and a file was expected"):
        table.load(tmp_path, READING)


SPREAD = "file,label,{}\ncat/1.png,cat,{}\ncat/2.png,cat,{}\ndog/1.png,dog,{}\ndog/2.png,dog,{}\n"


@pytest.mark.parametrize(
    ("column", "values", "splits"),
    [
        ("set", ("train", "val", "Training", "test"), {"train": 2, "validation": 1, "test": 1}),
        ("fold_type", ("TRAIN", "Testing", "train", "test"), {"train": 2, "test": 2}),
        ("Usage", ("Training", "PublicTest", "Training", "PrivateTest"), {"train": 2, "validation": 1, "test": 1}),
        ("x", ("train_set", "train_set", "train_set", "test_set"), {"train": 3, "test": 1}),
    ],
)
def test_a_column_of_any_name_whose_values_are_splits_is_used_with_a_notice(pets, column, values, splits):
    told = []
    text = SPREAD.format(column, values[0], values[1], values[2], values[3])
    data = load(pets, text, notice=told.append)
    assert {split: len(samples) for split, samples in data.splits.items()} == splits
    assert told == [
        f"{pets / 'pets.csv'}: the column '{column}' names the splits, and they are used; "
        "to ignore it, set data.source.table.split_column to ''"
    ]
    assert [*load(pets, text, split_column="").splits] == ["train"]


@pytest.mark.parametrize(
    "values", [("0", "1", "0", "2"), ("train", "train", "train", "train"), ("a", "test", "b", "c")]
)
def test_other_values_are_no_splits(pets, values):
    told = []
    assert [*load(pets, SPREAD.format("fold", *values), notice=told.append).splits] == ["train"]
    assert told == []


def test_a_column_that_names_splits_and_more_is_named_with_the_key(pets):
    text = SPREAD.format("set", "train", "train", "test", "")
    assert message(pets, text) == (
        f"{pets / 'pets.csv'}: the column 'set' names splits (test, train), and other rows have '' | "
        "give these rows a split, or set data.source.table.split_column to '' to ignore the column"
    )


def test_two_columns_of_splits_are_named_with_the_key(pets):
    text = "file,label,a,b\ncat/1.png,cat,train,test\ndog/1.png,dog,train,train\ndog/2.png,dog,test,train\n"
    assert "the columns 'a', 'b' name splits | set data.source.table.split_column to one" in message(pets, text)


def test_a_class_called_train_is_no_split(pets):
    text = "file,label\ncat/1.png,train\ncat/2.png,test\ndog/1.png,train\n"
    assert [*load(pets, text).splits] == ["train"]


def test_the_column_of_a_known_name_with_other_values_is_named_with_the_key(pets):
    text = SPREAD.format("split", "0", "0", "1", "2")
    assert "the split '0' is not train" in message(pets, text)
    assert "set data.source.table.split_column to '' to ignore" in message(pets, text)


def test_groups_are_read_from_the_column_that_the_spec_names(pets):
    text = SPREAD.format("patient", "p1", "p2", "p1", "p3")
    assert load(pets, text, group_column="patient").groups == {"train": ("p1", "p2", "p1", "p3")}
    assert load(pets, text).groups == {}


def test_rows_without_a_group_and_a_column_that_is_not_there_are_named(pets):
    text = SPREAD.format("patient", "p1", "", "p1", "")
    assert "2 rows without a group, such as line 3" in message(pets, text, group_column="patient")
    assert "no column 'subject'" in message(pets, text, group_column="subject")
    assert "name the column in data.split.group.column" in message(pets, text, group_column="subject")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("https://example.org/p/", "these are addresses: download the images into"),
        ("s3://bucket/", "these are addresses"),
        ("owls/", "relative paths start from"),
    ],
)
def test_a_table_none_of_whose_images_is_there(pets, place, said):
    rows = "".join(f"{place}{number}.png,{'cat' if number % 2 else 'dog'}\n" for number in range(10, 40))
    told = message(pets, f"file,label\n{rows}")
    assert f"none of the 30 images that {pets / 'pets.csv'} names is in {pets} or below, such as {place}10.png" in told
    assert said in told
