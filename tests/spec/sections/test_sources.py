"""Every source a spec can name: what it takes, what it refuses and where, and what editors are told of it."""

from pathlib import Path

import pytest
from cases import each

from cnncli.catalog.datasets import DATASETS
from cnncli.catalog.image_sources import FORMER_NAMES, IMAGE_SOURCES
from cnncli.errors import SpecError
from cnncli.spec import Spec, parse
from cnncli.spec.jsonschema import json_schema
from cnncli.spec.reader import read
from cnncli.spec.sections.sources import Source

MODEL = "model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}\n"

# Each source with no more than it needs, and with all it takes
GOOD = {
    "folder": ["{path: photographs}"],
    "table": [
        "{path: table.csv}",
        "{path: t.csv, root: /images, image_column: file, label_column: kind, split_column: part, delimiter: ';'}",
        '{path: t.tsv, delimiter: "\\t", encoding: cp1252, names: classes.txt}',
    ],
    "arrays": ["{path: data.npz}", "{path: x.npy, labels: y.npy, white: 65535}", "{path: data.npz, white: 0.5}"],
    "idx": ["{path: idx}"],
    "cifar": ["{path: cifar-100, labels: coarse}", "{path: cifar-10}"],
    "tfds": [
        "{name: beans}",
        "{name: 'beans:0.1.0', splits: {train: 'train[:80%]', test: test}, data_dir: /data}",
    ],
}


def source_of(text: str) -> Source:
    return parse(read(f"data: {{source: {text}}}\n{MODEL}", "a.yaml")).spec.data.source


def problem_of(text: str) -> tuple[int, str]:
    """Column and message of the one thing wrong with a source; it begins in column 16."""
    with pytest.raises(SpecError) as caught:
        source_of(text)
    (problem,) = caught.value.problems
    assert problem.place.line == 1
    return problem.place.column, problem.message


def test_every_source_is_tried_here():
    assert set(GOOD) == set(IMAGE_SOURCES)


@each("name, arguments", [(name, text) for name, texts in GOOD.items() for text in texts])
def test_a_source_keeps_its_arguments_as_they_were_written(name, arguments):
    source = source_of(f"{{{name}: {arguments}}}")
    assert source == Source(name, read(arguments, "a.yaml").value)
    assert not source.is_builtin
    assert source.plain() == {name: read(arguments, "a.yaml").value}


@pytest.mark.parametrize(("former", "name"), FORMER_NAMES.items())
def test_a_source_under_its_former_name_is_the_same(former, name):
    for arguments in GOOD[name]:
        assert source_of(f"{{{former}: {arguments}}}") == source_of(f"{{{name}: {arguments}}}")
    assert problem_of(f"{{{former}: {{}}}}") == (17, f"{name} needs 'path'")


@pytest.mark.parametrize(("first", "second"), [("csv", "table"), ("table", "csv")])
def test_both_names_of_a_source_are_one_for_set(first, second):
    source = source_of(f"{{{first}: {{path: a.csv, root: b}}, {second}: {{root: c}}}}")
    assert source == Source("table", {"path": "a.csv", "root": "c"})
    assert problem_of("{csv: {path: a}, folder: {path: b}}")[0] == 16


@pytest.mark.parametrize("name", DATASETS)
def test_a_builtin_is_a_bare_word(name):
    source = source_of(name)
    assert (source, source.plain(), source.is_builtin) == (Source(name), name, True)


@pytest.mark.parametrize("text", ["mnist", *(f"{{{name}: {texts[-1]}}}" for name, texts in GOOD.items())])
def test_a_resolved_source_read_again_is_the_same(text):
    spec = parse(read(f"data: {{source: {text}}}\n{MODEL}", "a.yaml")).spec
    assert Spec.read(spec.plain(), (), []) == spec


@pytest.mark.parametrize("name", IMAGE_SOURCES)
def test_what_a_source_cannot_do_without_is_asked_for(name):
    first = IMAGE_SOURCES[name].required
    assert problem_of(f"{{{name}: {{}}}}") == (17, f"{name} needs '{first}'")
    told = f"{name} needs '{first}': write '{name}: {{{first}: …}}'"
    assert problem_of(name) == (16, told)
    assert problem_of(f"{{{name}: here}}") == (19 + len(name), told.replace("…", "here"))
    assert problem_of(f"{{{name}: null}}") == (19 + len(name), told)


@each(
    "text, column, message",
    [
        ("{folder: {path: a, pth: b}}", 35, "unknown argument; did you mean 'path'?"),
        ("{folder: {path: a, size: 96}}", 35, "unknown argument; folder takes path"),
        ("{table: {path: a, label_colum: kind}}", 34, "unknown argument; did you mean 'label_column'?"),
        ("{arrays: {path: a, colour: 3}}", 35, "unknown argument; arrays takes path, labels, white"),
        ("../photos", 16, "a place needs its kind: write '{folder: {path: ../photos}}'"),
        ("labels/all.csv", 16, "a place needs its kind: write '{table: {path: labels/all.csv}}'"),
        ("{idx: {path: 3}}", 29, "expected a path, got 3"),
        ("{folder: {path: ''}}", 32, "expected a path, got ''"),
        ("{arrays: {path: a, white: 0}}", 42, "expected a number above 0, got 0"),
        ("{table: {path: a, delimiter: ':'}}", 45, "expected one of ,, ;, \t, |, got ':'"),
        ("{cifar: {path: a, labels: course}}", 42,
         "expected one of fine, coarse, got 'course'; did you mean 'coarse'?"),
        ("{tfds: {name: a, splits: train}}", 41, "expected a mapping from names to values, each a word, got 'train'"),
        ("{tfds: {name: a, splits: {}}}", 41,
         "expected a mapping from names to values, each a word, got an empty mapping"),
        ("{tfds: {name: a, splits: {test: 3}}}", 48, "expected a word, got 3"),
        ("{floder: {path: a}}", 17, "no source is called 'floder'; did you mean 'folder'?"),
        ("{zip: {path: a}}", 17,
         "no source is called 'zip'; there are folder, table, arrays, idx, cifar, tfds"),
        ("{mnist: {}}", 17, "mnist takes no arguments: write 'source: mnist'"),
        ("minst", 16, "no source is called 'minst'; did you mean 'mnist'?"),
        ("{folder: {path:photos}}", 26, "unknown argument; did you mean 'path: photos', with a space after the colon?"),
        ("{table: {pth: a.csv}}", 25, "unknown argument; did you mean 'path'?"),
        ("arays", 16, "no source is called 'arays'; did you mean 'arrays'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_located_and_the_near_word_named(text, column, message):
    assert problem_of(text) == (column, message)


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("3", "3"), ("null", "nothing"), ("[mnist]", "['mnist']"),
        ("photographs", "'photographs'; a folder is written '{folder: {path: photographs}}'"),
        ("{}", "an empty mapping"), ("{folder: {path: a}, idx: {path: b}}", "a mapping"),
    ],
)  # fmt: skip
def test_what_is_no_source_is_told_all_there_are(text, got):
    column, message = problem_of(text)
    assert column == 16
    assert message == (
        "expected one of mnist, fashion_mnist, cifar10, cifar100, or folder: {…}, table: {…}, arrays: {…}, idx: {…}, "
        f"cifar: {{…}}, tfds: {{…}}; got {got}"
    )


def test_several_mistakes_in_a_source_are_told_at_once():
    with pytest.raises(SpecError) as caught:
        source_of("{table: {root: 3, delimiter: x, colour: red}}")
    assert len(caught.value.problems) == 4  # and there is no path


def test_paths_are_told_from_other_arguments():
    assert source_of("{table: {path: a.csv, root: b, image_column: c}}").paths == {"path": "a.csv", "root": "b"}
    assert source_of("mnist").paths == {}


@pytest.mark.parametrize("name", IMAGE_SOURCES)
def test_every_source_has_a_line_in_the_docs(name):
    page = (Path(__file__).parents[3] / "docs" / "data.md").read_text("utf-8")
    assert f"source: {{{name}: {{{IMAGE_SOURCES[name].required}: " in page


class TestJsonSchema:
    SCHEMA = json_schema()

    def source(self) -> dict:
        data = self.SCHEMA["properties"]["data"]
        data = self.SCHEMA["$defs"][data["$ref"].rpartition("/")[2]] if "$ref" in data else data
        return data["properties"]["source"]

    def test_editors_complete_every_source_with_its_arguments(self):
        builtin, *places = self.source()["anyOf"]
        assert builtin == {"enum": list(DATASETS)}
        named = {name: part for place in places for name, part in place["properties"].items()}
        assert list(named) == [*IMAGE_SOURCES, *FORMER_NAMES]
        for name, part in named.items():
            kind = IMAGE_SOURCES[FORMER_NAMES.get(name, name)]
            assert list(part["properties"]) == list(kind.arguments)
            assert part["required"] == [kind.required]
            assert part["additionalProperties"] is False
        assert all(place["additionalProperties"] is False for place in places)
        assert all(len(place["required"]) == 1 for place in places)

    def test_arguments_are_described_as_they_are_checked(self):
        named = {name: part for place in self.source()["anyOf"][1:] for name, part in place["properties"].items()}
        assert named["cifar"]["properties"]["labels"] == {"enum": ["fine", "coarse"]}
        assert named["tfds"]["properties"]["splits"]["additionalProperties"] == {"type": "string"}
        assert named["arrays"]["properties"]["white"]["exclusiveMinimum"] == 0


@pytest.mark.parametrize("empty", ["''", "null", ""])
def test_a_column_of_splits_can_be_ignored(empty):
    assert source_of(f"{{table: {{path: a.csv, split_column: {empty}}}}}").arguments["split_column"] == ""
