"""Labels that look wrong: dates, measurements, ids, one-hot numbers, thousands of digits, what nobody sees."""

import pytest
from cases import each
from picture_files import put

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.quality import scan_files
from cnncli.data.quality.label_values import odd_labels
from cnncli.data.sources import table
from cnncli.errors import DataError
from cnncli.wording import in_counting_order


@each(
    "names, words",
    [
        (["2026-01-30", "2026-02-01"], "are dates, such as 2026-01-30"),
        (["30.01.2026", "1.2.2026 12:30"], "are dates"),
        (["2026-01-30T12:00:00Z", "2026-02-01T01:02:03Z"], "are dates"),
        (["20260130", "20260201"], "are dates"),
        (["30 Jan 2026", "February 1, 2026"], "are dates"),
        (["1 0 0", "0 1 0", "0 0 1"], "one-hot labels, such as 1 0 0"),
        (["100", "010", "001"], "one-hot labels, such as 100"),
        (["[0, 1]", "[1, 0]"], "one-hot labels"),
        (["cat", "NA", "dog"], "called NA may stand for no label"),
        (["cat", "None", "?"], "called None, ? may stand for no label"),
        (["cat", "dog", "Cat, dog"], "lists of others, such as Cat, dog"),
        (["cat", "dog", "dog|cat"], "lists of others, such as dog|cat"),
        (["cat", "cat, outdoor", "dog", "dog, outdoor"], "lists of others, such as cat, outdoor"),
        (["cow", "c\u043ew"], "two alphabets that look alike: c<U+043E>w"),
        (["\u0391lpha", "beta"], "<U+0391>lpha"),
        (["0.13", "-2.5", "3.0"], "numbers with fractions, such as 0.13"),
        (["1,5", "2,5"], "numbers with fractions"),
        ([f"img_{number}" for number in range(30)], "most of the 30 classes have one image, such as img_0"),
        (["cat", "dog\u200b"], "dog<U+200B>"),
        (["cat\u00a0", "dog"], "cat<U+00A0>"),
        (["ka\u0308fer", "dog"], "ka<U+0308>fer"),
    ],
)
def test_odd_labels_are_told(names, words):
    assert any(words in sentence for sentence in odd_labels(names, 40))


@each(
    "names",
    [
        *(["1.0", "2.0"], ["2019", "2020"], ["käfer", "日本"], ["v1.2", "v2"], ["n01440764"], ["a b", "3-4"]),
        ["0", "1"],
        ["0", "1", "10"],
        ["1", "01"],
        ["кот", "cat"],
        ["β-cell", "cell"],
        ["AC/DC", "Abba"],
        ["no dash", "x"],
        ["maillot", "maillot, tank suit", "crane"],
        ["men/shoes", "men/shirts", "women/shoes"],
    ],
)
def test_ordinary_labels_are_not(names):
    assert list(odd_labels(names, 40)) == []


def write(folder, *rows):
    put(folder, *(f"{number}.png" for number in range(len(rows))))
    text = "".join(f"{number}.png,{row}\n" for number, row in enumerate(rows))
    (folder / "t.csv").write_text(f"file,label\n{text}", encoding="utf-8")
    return folder / "t.csv"


def test_the_doctor_tells(tmp_path):
    report = scan_files("table", write(tmp_path, "2026-01-30", "2026-02-01"))
    (finding,) = [each for each in report.findings if each.code == "odd-labels"]
    assert finding.affected[0].detail == "the classes are dates, such as 2026-01-30"


def test_a_column_of_one_hot_labels_that_is_named_is_told(tmp_path):
    put(tmp_path, "1.png", "2.png", "3.png")
    (tmp_path / "t.csv").write_text("file,cat,dog,owl\n1.png,1,0,0\n2.png,0,1,0\n3.png,0,0,1\n")
    told = []
    data = table.load(tmp_path / "t.csv", InputFormat(4, 4, 1), label_column="cat", notice=told.append)
    assert data.class_names == ("0", "1")
    assert told[0].endswith("'cat' is one of the one-hot columns cat, dog, owl; without label_column, all are used")


@pytest.mark.parametrize("length", [1_001, 4_301, 5_000])
def test_a_label_of_thousands_of_digits_is_refused(tmp_path, length):
    with pytest.raises(DataError, match=f"a class with a name of {length:,} characters: 999") as caught:
        table.load(write(tmp_path, "9" * length, "cat"), InputFormat(4, 4, 1))
    assert "column of the labels" in caught.value.hint


def test_thousands_of_digits_are_sorted_as_numbers():
    names = ["9" * 5_000, "1" + "0" * 5_000, "class10", "class2", "class", "class02"]
    ordered = ["9" * 5_000, "1" + "0" * 5_000, "class", "class02", "class2", "class10"]
    assert sorted(names, key=in_counting_order) == ordered
