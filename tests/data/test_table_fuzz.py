"""Whatever a table or export holds, it is read or refused in a sentence, and nothing else."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from picture_files import put

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.sources import table
from cnncli.errors import CnncliError

WORDS = (
    st.sampled_from(
        [
            "1.png",
            "2.png",
            "cat",
            "dog",
            "",
            "0",
            "1",
            "0.5",
            "train",
            "test",
            "[",
            "\0",
            "é",
            "nan",
            "image",
            "label",
            "split",
        ]
    )
    | st.sampled_from(["filename", "gs://b/1.png", '{"choices": ["a"]}', "9" * 5_000, " ".join(["7"] * 16)])
    | st.text(max_size=5)
)
NAMES = """
image label annotations data result value choices images categories id name tags file_name category_id
image_id labels classes filename file_attributes regions imageUri source-ref job job-metadata imageGcsUri
annotation_id annotator lead_time bbox from_name was_cancelled label label_id type path answer accept spans external_id
data_title classification_answers answers classificationHash _cls filepath tags objects radio_answer detections
"""
KEYS = st.sampled_from(NAMES.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
# What makes each tool's file be recognised, with anything in it
SHAPES = [
    {"images": JSON, "annotations": JSON, "categories": JSON},
    {"classes": JSON, "labels": JSON},
    {"source-ref": JSON, "job-metadata": JSON},
    {"imageGcsUri": JSON, "classificationAnnotation": JSON},
    {"items": JSON, "categories": st.fixed_dictionaries({"label": st.fixed_dictionaries({"labels": JSON})})},
    {"shapes": JSON, "imagePath": JSON, "flags": JSON},
    {"item": st.fixed_dictionaries({"name": JSON, "path": JSON}), "annotations": JSON},
    {"size": JSON, "tags": JSON, "objects": JSON},
    {"files": st.lists(st.fixed_dictionaries({"path": JSON, "label": JSON}), min_size=1, max_size=2)},
    {"samples": st.lists(st.fixed_dictionaries({"filepath": JSON, "label": JSON}), min_size=1, max_size=2)},
    {"boundingBoxes": JSON},
    {"data_row": JSON, "projects": JSON},
    {"image": JSON, "answer": st.just("accept"), "_task_hash": JSON, "accept": JSON, "label": JSON, "spans": JSON},
    {"id": JSON, "label": st.lists(JSON), "filename": st.just("1.png")},
]
ROWS = [
    {"annotations": JSON, "data": JSON},
    {"annotation_id": JSON, "annotator": JSON, "lead_time": JSON, "image": JSON, "choice": JSON},
    {"image": JSON, "annotations": JSON},
    {"id": JSON, "tags": JSON, "imageUri": JSON},
    {"data_units": JSON, "classification_answers": JSON},
]
CONTENTS = st.one_of(
    JSON,
    *(st.fixed_dictionaries(shape) for shape in SHAPES),
    *(st.lists(st.fixed_dictionaries(row), min_size=1, max_size=2) for row in ROWS),
)
CELLS = st.lists(st.lists(WORDS, min_size=1, max_size=4), max_size=6)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    put(tmp_path, "1.png", "2.png")
    return tmp_path


def read(file, text, encoding="utf-8"):
    file.write_bytes(text.encode(encoding, "replace"))
    with contextlib.suppress(CnncliError):
        table.load(file, InputFormat(4, 4, 1))


TABLES = (
    CELLS, st.sampled_from(",;\t"), st.sampled_from(["a.csv", "a.lst"]), st.sampled_from(["utf-8", "utf-16", "cp1252"])
)  # fmt: skip
EXPORTS = CONTENTS, st.sampled_from(["a.json", "a.jsonl", "1.png.json"])
# `more` are for the exhaustive run
some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
more = settings(some, max_examples=110)


@some
@given(*TABLES)
def test_tables(folder, cells, delimiter, name, encoding):
    read(folder / name, "\n".join(delimiter.join(row) for row in cells), encoding)


@some
@given(*EXPORTS)
def test_exports(folder, content, name):
    read(folder / name, json.dumps(content))


@pytest.mark.exhaustive
@more
@given(*TABLES)
def test_more_tables(folder, cells, delimiter, name, encoding):
    test_tables.hypothesis.inner_test(folder, cells, delimiter, name, encoding)


@pytest.mark.exhaustive
@more
@given(*EXPORTS)
def test_more_exports(folder, content, name):
    test_exports.hypothesis.inner_test(folder, content, name)
