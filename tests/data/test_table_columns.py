"""Columns of tables, found by names and by values; labels that are one-hot, numbers, or not there."""

import json

import pytest
from picture_files import put

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.sources import table
from cnncli.errors import DataError

READING = InputFormat(4, 4, 1)


@pytest.fixture
def pets(tmp_path):
    put(tmp_path, "cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png")
    return tmp_path


def load(folder, text, name="pets.csv", **options):
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return table.load(folder / name, READING, **options)


def labels(data):
    return {
        name: data.class_names[label]
        for name, label in zip(data.splits["train"].names, data.splits["train"].labels, strict=True)
    }


def message(folder, text, **options) -> str:
    with pytest.raises(DataError) as caught:
        load(folder, text, **options)
    return f"{caught.value.message} | {caught.value.hint}"


PETS = {"cat/1.png": "cat", "cat/2.png": "cat", "dog/1.png": "dog"}


@pytest.mark.parametrize(
    "header",
    ["name,choice", "image_id,dx", "file_name,emotion", "id,species", "anything,label", "anything,whatever"],
)
def test_columns_are_found_by_their_names_or_values(pets, header):
    rows = "".join(f"{name},{label}\n" for name, label in PETS.items())
    assert labels(load(pets, f"{header}\n{rows}")) == PETS


def test_a_usual_name_comes_before_a_less_usual_one(pets):
    told = []
    data = load(pets, "name,file,label,dx\nTom,cat/1.png,cat,0\nRex,dog/1.png,dog,1\n", notice=told.append)
    assert labels(data) == {"cat/1.png": "cat", "dog/1.png": "dog"}
    assert told == []


def test_what_is_found_by_values_is_told(pets):
    told = []
    load(pets, "a,b\ncat/1.png,cat\ndog/1.png,dog\n", notice=told.append)
    assert [line.partition(": ")[2] for line in told] == [
        "the column 'a' holds the images",
        "the column 'b' holds the labels",
    ]


@pytest.mark.parametrize("text", ["cat/1.png,cat\ndog/1.png,dog\n", "cat\tcat/1.png\ndog\tdog/1.png\n"])
def test_a_table_without_a_header(pets, text):
    assert labels(load(pets, text)) == {"cat/1.png": "cat", "dog/1.png": "dog"}


def test_columns_without_names_are_called_by_numbers(pets):
    text = "cat/1.png,cat,3\ndog/1.png,dog,4\n"
    assert "have no names and are called 1, 2, 3 | name the column in data.source.table.label_column" in message(
        pets, text
    )
    assert labels(load(pets, text, label_column="2")) == {"cat/1.png": "cat", "dog/1.png": "dog"}


@pytest.mark.parametrize(
    "rows",
    ["cat/1.png,1,0\ncat/2.png,1,0\ndog/1.png,0,1\n", "cat/1.png,1.0,0.0\ncat/2.png,0.7,0.3\ndog/1.png,0.1,0.9\n"],
)
@pytest.mark.parametrize("more", ["", ",age"])
def test_one_hot_columns_are_recognised(pets, rows, more):
    told = []
    if more:
        rows = rows.replace("\n", ",37\n")
    assert labels(load(pets, f"image,cat,dog{more}\n{rows}", notice=told.append)) == PETS
    assert told == [f"{pets / 'pets.csv'}: the labels are one-hot, in the columns cat, dog"]


def test_rows_that_are_not_one_hot_are_named_and_those_without_a_label_counted(pets):
    rows = "".join(f"cat/1.png,{1 - n % 2},{n % 2}\n" for n in (0,) * 20)
    said = message(pets, f"image,cat,dog\n{rows}dog/1.png,0,1\ncat/2.png,1,1\n")
    assert "line 23: its one-hot label sums to 2: cat, dog" in said
    data = load(pets, "image,cat,dog\ncat/1.png,1,0\ndog/1.png,0,1\ndog/2.png,0,0\n")
    assert [(one.reason, one.count) for one in data.unused] == [("unlabelled", 1)]


def test_columns_of_several_ones_are_no_one_hot_label(pets):
    said = message(pets, "image,cat,dog,age\ncat/1.png,1,1,3\ndog/1.png,1,1,5\n")
    assert "has a 1 in several of the columns cat, dog: an image of several classes at once is not supported" in said
    assert "name one of them in data.source.table.label_column" in said
    for none in ("0,0", "0,", "0.5,0.3"):
        said = message(pets, f"image,cat,dog\ncat/1.png,{none}\ndog/1.png,{none}\n")
        assert "no column that is known to hold the label" in said


def test_numbers_get_names_from_a_file(pets):
    (pets / "classes.txt").write_text("cat\ndog\nowl\n")
    numbered = "file,label\ncat/1.png,{}\ncat/2.png,{}\ndog/1.png,{}\n"
    names = str(pets / "classes.txt")
    assert labels(load(pets, numbered.format(0, 0, 1), names=names)) == PETS
    assert labels(load(pets, numbered.format("0.0", "0.0", "1.0"), names=names)) == PETS
    told = []
    (pets / "classes.txt").write_text("cat\ndog\n")
    assert labels(load(pets, numbered.format(1, 1, 2), names=names, notice=told.append)) == PETS
    assert "labels count from 1, so that 1 is cat" in told[0]
    assert "has the label 3, and" in message(pets, numbered.format(0, 0, 3), names=names)
    assert "labels that are not numbers: cat" in message(pets, numbered.format("cat", 0, 1), names=names)


def test_images_without_a_label_and_rows_that_come_twice_are_counted(pets):
    data = load(pets, "file,label\ncat/1.png,cat\ndog/1.png,dog\ndog/2.png,\n./cat/1.png,cat\ncat/1.png,cat\n")
    assert labels(data) == {"cat/1.png": "cat", "dog/1.png": "dog"}
    assert [one.message for one in data.unused] == [
        "1 image has no label and is not used: dog/2.png",
        "2 rows repeat earlier ones; each image is used once: ./cat/1.png, cat/1.png",
    ]


def test_two_answers_for_one_image_are_named(pets):
    said = message(
        pets, "file,label,split\ncat/1.png,cat,train\ndog/1.png,dog,train\ncat/1.png,dog,train\ndog/1.png,dog,test\n"
    )
    assert "line 4: cat/1.png is already in line 2, there as cat, here as dog" in said
    assert "line 5: dog/1.png is already in line 3, there as train, here as test" in said


@pytest.mark.parametrize("cell", ['"[""cat"", ""dog""]"', '"{""choices"": [""cat"", ""dog""]}"'])
def test_several_labels_in_a_cell_are_refused_by_name(pets, cell):
    assert "line 3 has" in message(pets, f"file,label\ncat/1.png,cat\ndog/1.png,{cell}\n")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_is_recognised(pets, encoding):
    put(pets, "käfer/1.png")
    told = []
    text = "file,label\nkäfer/1.png,käfer\ndog/1.png,dog\n"
    data = load(pets, text.encode(encoding), notice=told.append)
    assert labels(data) == {"käfer/1.png": "käfer", "dog/1.png": "dog"}
    assert any("is read as Windows-1252 (cp1252)" in line for line in told) == (encoding == "cp1252")


def test_the_encoding_may_be_set(pets):
    text = "file,label\ncat/1.png,кот\ndog/1.png,dog\n"
    assert load(pets, text.encode("cp1251"), encoding="cp1251").class_names == ("dog", "кот")
    assert "there is no encoding 'cp12519'" in message(pets, text, encoding="cp12519")
    assert "pets.csv:2 is not ascii text" in message(pets, text, encoding="ascii")


@pytest.mark.parametrize("name", ["pets.jsonl", "pets.ndjson", "pets.json"])
def test_json_lines(pets, name):
    text = '{"file_name": "cat/1.png", "label": "cat"}\n\n{"file_name": "dog/1.png", "label": "dog", "age": 3}\n'
    assert labels(load(pets, text, name)) == {"cat/1.png": "cat", "dog/1.png": "dog"}


def test_a_json_list(pets):
    rows = [{"image": "cat/1.png", "label": 3, "by": {"id": 1}}, {"image": "dog/1.png"}]
    data = load(pets, json.dumps([*rows, {"image": "cat/2.png", "label": "4"}]), "pets.json")
    assert labels(data) == {"cat/1.png": "3", "cat/2.png": "4"}
    assert data.unused[0].reason == "unlabelled"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1}\n{"a"\n', "pets.jsonl:2 is not JSON"),
        ("[1]\n", "pets.jsonl:1 is not a JSON object"),
        ('{"path": "cat/1.png"}\n', "its keys are path | name the column in data.source.table.label_column"),
    ],
)
def test_what_are_no_json_lines(pets, text, words):
    assert words in message(pets, text, name="pets.jsonl")


@pytest.mark.parametrize("header", ["file,label,class_name", "file,class_id,class", "url,targets,labels"])
def test_of_columns_that_say_the_same_that_of_words_is_used(pets, header):
    assert labels(load(pets, f"{header}\ncat/1.png,0,cat\ncat/2.png,0,cat\ndog/1.png,1,dog\n")) == PETS


@pytest.mark.parametrize("row", ["Tom,{}", "{},Tom"])
def test_of_columns_that_may_be_images_those_that_are_there_are_used(pets, row):
    rows = "".join(f"{row.format(name).replace('Tom', label + name[4])},{label}\n" for name, label in PETS.items())
    assert labels(load(pets, f"filename,image,label\n{rows}")) == PETS


@pytest.mark.parametrize(
    "text", ["a1,owl\na2,fox\na3,owl\n", "owl\ta1\nfox\ta2\nowl\ta3\n", "7;a1;owl\n8;a2;fox\n9;a3;owl\n"]
)
def test_the_first_row_is_not_lost_where_images_have_no_suffix(tmp_path, text):
    put(tmp_path, "in/a1.png", "in/a2.png", "in/a3.png")
    columns = {"label_column": "3"} if ";" in text else {}
    if columns:
        assert "are called 1, 2, 3" in message(tmp_path, text)
    assert labels(load(tmp_path, text, **columns)) == {"in/a1.png": "owl", "in/a2.png": "fox", "in/a3.png": "owl"}


def test_a_usual_name_is_no_image_even_where_there_is_one(tmp_path):
    put(tmp_path, "a1.png", "a2.png", "photo.png")
    assert labels(load(tmp_path, "photo,label\na1,owl\na2,fox\n")) == {"a1.png": "owl", "a2.png": "fox"}


@pytest.mark.parametrize("index", ["", "Unnamed: 0"])
def test_the_numbers_of_rows_that_pandas_writes_are_no_labels(pets, index):
    assert labels(load(pets, f"{index},a,b\n0,cat/1.png,cat\n1,cat/2.png,cat\n2,dog/1.png,dog\n")) == PETS


@pytest.mark.parametrize(
    "text",
    [
        "# made by hand\n# 2026, version 2\nfile,label,by\ncat/1.png,cat,x\ncat/2.png,cat,x\ndog/1.png,dog,x\n",
        "file,label\ncat/1.png,cat,\ncat/2.png,cat,,\ndog/1.png,dog\n",
        f"file,label,note\ncat/1.png,cat,{'x' * 200_000}\ncat/2.png,cat,\ndog/1.png,dog,\n",
    ],
)
def test_what_programs_write_around_a_table(pets, text):
    assert labels(load(pets, text)) == PETS


@pytest.mark.parametrize("first", ["cat/1.png", '"cat/1.png"'])
@pytest.mark.parametrize("label", ["cat", '"cat, tame"'])
def test_a_header_that_begins_with_a_number_sign(pets, first, label):
    data = load(pets, f"#id,file,label\n1,{first},{label}\n2,cat/2.png,{label}\n3,dog/1.png,dog\n")
    assert labels(data) == {**dict.fromkeys(("cat/1.png", "cat/2.png"), label.strip('"')), "dog/1.png": "dog"}
    assert data.splits["train"].names == ("cat/1.png", "cat/2.png", "dog/1.png")


def test_a_list_of_labels_with_dots_in_them(pets):
    data = load(pets, "cat/1.png St. Bernard\ncat/2.png v1.0 x\ndog/1.png Mr.X y\n", name="list.txt")
    assert labels(data) == {"cat/1.png": "St. Bernard", "cat/2.png": "v1.0 x", "dog/1.png": "Mr.X y"}


@pytest.mark.parametrize(("first", "second"), [(True, False), (["cat"], ["dog"])])
def test_values_of_json_are_called_as_they_are_written(pets, first, second):
    lines = [{"file": "cat/1.png", "label": first}, {"file": "dog/1.png", "label": second}]
    words = {True: "true", False: "false"} if isinstance(first, bool) else {}
    expected = {line["file"]: words[line["label"]] if words else line["label"][0] for line in lines}
    assert labels(load(pets, "\n".join(map(json.dumps, lines)), name="pets.jsonl")) == expected
    assert labels(load(pets, json.dumps({"version": 1, "samples": lines}), name="pets.json")) == expected


@pytest.mark.parametrize(
    ("name", "yes", "no"), [("is_train", "1", "0"), ("IsTraining", "True", "False"), ("in_train_set", "yes", "no")]
)
def test_a_column_that_says_whether_an_image_is_trained_on(pets, name, yes, no):
    told = []
    rows = f"cat/1.png,cat,{yes}\ncat/2.png,cat,{no}\ndog/1.png,dog,{yes}\n"
    data = load(pets, f"file,label,{name}\n{rows}", notice=told.append)
    assert {split: samples.names for split, samples in data.splits.items()} == {
        "train": ("cat/1.png", "dog/1.png"),
        "test": ("cat/2.png",),
    }
    assert "names the splits, and they are used" in told[0]
    assert [*load(pets, f"file,label,{name}\n{rows}", split_column="").splits] == ["train"]


@pytest.mark.parametrize(("name", "values"), [("is_train", "111"), ("is_cat", "110"), ("is_test", "010")])
def test_other_answers_of_yes_and_no_divide_nothing_wrongly(pets, name, values):
    rows = "".join(f"{image},{label},{value}\n" for (image, label), value in zip(PETS.items(), values, strict=True))
    data = load(pets, f"file,label,{name}\n{rows}")
    train = {"is_train": 3, "is_cat": 3, "is_test": 2}[name]
    assert len(data.splits["train"]) == train


def test_an_empty_table_is_called_that(pets):
    assert "pets.csv is empty" in message(pets, "\n\n")
    assert "must end with one" in message(pets, 'file,label\n"cat/1.png,cat\n')


@pytest.mark.parametrize("name", ["name", "image", "id"])
def test_a_usual_name_is_not_enough_where_another_column_has_the_images(pets, name):
    rows = "".join(f"Tom {at},{image},{label}\n" for at, (image, label) in enumerate(PETS.items()))
    assert labels(load(pets, f"{name},photo,label\n{rows}")) == PETS
    assert "line 2: Tom does not exist" in message(pets, f"{name},photo,label\nTom,x/1,cat\nRex,x/2,dog\n")


@pytest.mark.parametrize("labels_of", [lambda word: [word], lambda word: word])
def test_json_that_maps_images_to_labels(pets, labels_of):
    content = json.dumps({image: labels_of(label) for image, label in PETS.items()})
    assert labels(load(pets, content, name="pets.json")) == PETS
    several = json.dumps({image: [label, "pet"] for image, label in PETS.items()})
    with pytest.raises(DataError, match="several labels, or an object"):
        load(pets, several, name="pets.json")
