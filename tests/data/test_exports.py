"""Exports of labelling tools: recognised by what they are, one label for each image, everything else by its reason."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from cases import each
from picture_files import encoded, put
from table_reading import READING, read

from cnncli.data.sources import table
from cnncli.data.sources.labelling import EXPORTS, recognised
from cnncli.data.sources.rows.reading import is_table
from cnncli.errors import DataError


def write(root, **files):
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.fixture
def photos(tmp_path):
    put(tmp_path, *(f"images/{number}.jpg" for number in range(1, 10)))
    return tmp_path


def chosen(*labels, kind="choices", name="choice", **more):
    return {"result": [{"from_name": name, "type": kind, "value": {kind: list(labels)}}], **more}


def task(number, *annotations):
    return {"id": number, "data": {"image": f"/data/upload/3/0a1b2c3d-{number}.jpg"}, "annotations": list(annotations)}


class TestLabelStudio:
    TASKS = (
        task(1, chosen("cat")),
        task(2, chosen("dog"), chosen("dog"), chosen("cat")),
        task(3, chosen("cat"), chosen("dog", ground_truth=True)),
        task(4, chosen("dog", was_cancelled=True), chosen("cat")),
        task(5, chosen("cat"), chosen("dog")),
        task(6, chosen("dog", was_cancelled=True)),
        task(7),
        task(8, chosen("cat", "dog")),
        task(9, chosen("cat", "dog", kind="rectanglelabels")),
    )

    def test_json(self, photos):
        write(photos, **{"export.json": list(self.TASKS)})
        labels, left_out, told = read(photos / "export.json")
        expected = {"images/1.jpg": "cat", "images/2.jpg": "dog", "images/3.jpg": "dog", "images/4.jpg": "cat"}
        assert labels == {"train": expected}
        assert left_out == {
            "annotators-disagree": 1,
            "skipped": 1,
            "unlabelled": 1,
            "several-labels": 1,
            "boxes-of-several-classes": 1,
        }
        assert told[0].endswith("export.json is read as a Label Studio export")
        assert "such as images/1.jpg for /data/upload/3/0a1b2c3d-1.jpg" in told[1]

    def test_several_questions_are_named(self, photos):
        both = {"result": [*chosen("cat")["result"], *chosen("young", name="age")["result"]]}
        write(photos, **{"export.json": [task(1, both), task(2, chosen("dog"))]})
        with pytest.raises(DataError, match="several questions: age, choice"):
            read(photos / "export.json")
        assert read(photos / "export.json", label_column="choice")[0]["train"]["images/1.jpg"] == "cat"

    @pytest.mark.parametrize(
        ("kind", "value"), [("taxonomy", [["pet", "cat"]]), ("taxonomy", [["cat"]]), ("rating", "cat")]
    )
    def test_answers_that_are_no_choices(self, photos, kind, value):
        answer = {"result": [{"from_name": "choice", "type": kind, "value": {kind: value}}]}
        write(photos, **{"export.json": [task(1, answer), task(2, chosen("dog"))]})
        assert read(photos / "export.json")[0]["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog"}

    @pytest.mark.parametrize("others", [("a_preview",), ("thumb", "z.small")])
    def test_the_image_is_not_its_preview(self, photos, others):
        put(photos, "small/1_s.jpg", "small/2_s.jpg")
        tasks = [task(1, chosen("cat")), task(2, chosen("dog"))]
        for one in tasks:
            one["data"] = dict.fromkeys(others, f"small/{one['id']}_s.jpg") | one["data"]
        write(photos, **{"export.json": tasks})
        labels, _, told = read(photos / "export.json")
        assert labels["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog"}
        assert any("hold images; 'image' is used" in line for line in told)
        rows = [
            {**each["data"], "id": each["id"], "animal": word, "annotator": 1, "annotation_id": 1, "lead_time": 1}
            for each, word in zip(tasks, ("cat", "dog"), strict=True)
        ]
        write(photos, **{"export.json": rows})
        assert read(photos / "export.json")[0]["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog"}

    def test_a_question_that_annotators_agree_on_is_a_question(self, photos):
        rows = [
            {
                "image": f"{at}.jpg",
                "id": at,
                "animal": "cat",
                "quality": str(by),
                "annotator": by,
                "annotation_id": by,
                "lead_time": 1,
            }
            for at in (1, 2)
            for by in (1, 2)
        ]
        write(photos, **{"min.json": rows})
        with pytest.raises(DataError, match="several questions: animal, quality"):
            read(photos / "min.json")

    HEADER = "annotation_id,annotator,animal,created_at,id,image,lead_time,updated_at\n"

    def test_csv(self, photos):
        rows = [
            (1, 1, "cat", 1),
            (2, 1, "dog", 2),
            (3, 2, "dog", 2),
            (4, 1, '"{""choices"":[""a"",""b""]}"', 3),
            ("", "", "cat", 4),
            (5, 1, '"bird, wild"', 5),
        ]
        text = "".join(
            f"{one},{by},{label},,{at},/data/upload/1/0a1b2c3d-{at}.jpg,1.5,\n" for one, by, label, at in rows
        )
        write(photos, **{"project.csv": self.HEADER + text})
        labels, left_out, _ = read(photos / "project.csv")
        assert labels["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog", "images/5.jpg": "bird, wild"}
        assert left_out == {"several-labels": 1, "unlabelled": 1}

    def test_json_min_with_an_imported_column_of_the_name_of_the_question(self, photos):
        def row(number, **more):
            return {"image": f"/data/local-files/?d=images%2F{number}.jpg", "id": number, "lead_time": 1, **more}

        answered = {"annotator": 1, "annotation_id": 4}
        rows = [row(1, animal="cat", **answered), row(2, animal="dog", **answered), row(3, animal="dog")]
        write(photos, **{"min.json": rows})
        labels, left_out, told = read(photos / "min.json")
        assert (labels["train"], left_out) == ({"images/1.jpg": "cat", "images/2.jpg": "dog"}, {"unlabelled": 1})
        assert any("'animal' is also a column that was imported; where an annotation is empty" in each for each in told)


def coco(annotations, first=1, ending=".jpg"):
    images = [{"id": first + 10 * number, "file_name": f"{number}{ending}"} for number in range(1, 5)]
    categories = [{"id": 7, "name": "cat"}, {"id": 3, "name": "dog"}]
    return {"images": images, "annotations": annotations, "categories": categories}


class TestCoco:
    @pytest.mark.parametrize("of", ["images", "annotations", "categories"])
    def test_ids_as_text_and_as_numbers(self, photos, of):
        content = coco([{"image_id": 11, "category_id": 3}, {"image_id": 21, "category_id": 7}])
        content[of] = [{key: str(value) for key, value in each.items()} for each in content[of]]
        write(photos, **{"labels.json": content})
        assert read(photos / "labels.json")[0]["train"] == {"images/1.jpg": "dog", "images/2.jpg": "cat"}

    def test_labels_by_their_ids(self, photos):
        given = [
            {"image_id": 11, "category_id": 3},
            {"image_id": 31, "category_id": 7},
            {"image_id": 99, "category_id": 7},
        ]
        write(photos, **{"labels.json": coco(given)})
        labels, left_out, _ = read(photos / "labels.json")
        assert labels["train"] == {"images/1.jpg": "dog", "images/3.jpg": "cat"}
        assert left_out == {"unlabelled": 2}

    def test_boxes_of_one_class_are_its_label_and_told(self, photos):
        boxes = [(11, 3), (11, 3), (21, 7), (31, 7), (31, 3)]
        given = [{"image_id": image, "category_id": of, "bbox": [0, 0, 2, 2]} for image, of in boxes]
        write(photos, **{"labels.json": coco(given)})
        labels, left_out, told = read(photos / "labels.json")
        assert labels["train"] == {"images/1.jpg": "dog", "images/2.jpg": "cat"}
        assert left_out == {"boxes-of-several-classes": 1, "unlabelled": 1}
        assert any("2 images without labels get the class of their boxes" in line for line in told)

    def test_files_of_splits_in_a_folder(self, tmp_path):
        put(tmp_path, *(f"{split}/{number}.jpg" for split in ("train", "val") for number in (1, 2, 3, 4)))
        given = [{"image_id": 11, "category_id": 3}, {"image_id": 21, "category_id": 7}]
        for split in ("train", "val"):
            content = coco(given)
            for image in content["images"]:
                image["file_name"] = f"{split}/{image['file_name']}"
            write(tmp_path, **{f"annotations/labels_{split}.json": content})
        labels, _, _ = read(tmp_path)
        assert labels["train"] == {"train/1.jpg": "dog", "train/2.jpg": "cat"}
        assert labels["validation"] == {"val/1.jpg": "dog", "val/2.jpg": "cat"}


def cvat(images):
    return f"<?xml version='1.0' encoding='utf-8'?><annotations><version>1.1</version>{images}</annotations>"


@pytest.mark.parametrize("path", ["annotations.xml", ""])
def test_cvat(photos, path):
    images = (
        '<image id="0" name="1.jpg" subset="train"><tag label="cat"/></image>'
        '<image id="1" name="2.jpg" subset="train"><tag label="dog"/></image>'
        '<image id="2" name="3.jpg" subset="val"><tag label="dog"/></image>'
        '<image id="3" name="4.jpg" subset="train"><tag label="dog"/><tag label="cat"/></image>'
        '<image id="4" name="5.jpg" subset="train"/>'
        '<image id="5" name="6.jpg" subset="train"><box label="cat" xtl="0"/><polygon label="cat"/></image>'
    )
    write(photos, **{"annotations.xml": cvat(images)})
    labels, left_out, _ = read(photos / path)
    assert labels["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog", "images/6.jpg": "cat"}
    assert labels["validation"] == {"images/3.jpg": "dog"}
    assert left_out == {"several-labels": 1, "unlabelled": 1}


def test_voc(tmp_path):
    put(tmp_path, *(f"JPEGImages/{name}.jpg" for name in ("a 1", "b", "c", "d", "e")))
    lists = {
        "train": "a 1\nb\nd\n", "val": "c\n", "trainval": "a 1\nb\nc\nd\n",
        "cat_train": "a 1  1\nb -1\nd -1\n", "dog_train": "a 1 -1\nb  1\nd  0\n",
        "cat_val": "c 1\n", "dog_val": "c -1\n", "cat_trainval": "a 1 1\nb -1\nc 1\nd -1\n",
    }  # fmt: skip
    write(tmp_path, **{f"ImageSets/Main/{name}.txt": text for name, text in lists.items()})
    labels, left_out, _ = read(tmp_path)
    assert labels == {
        "train": {"JPEGImages/a 1.jpg": "cat", "JPEGImages/b.jpg": "dog"},
        "validation": {"JPEGImages/c.jpg": "cat"},
    }
    assert left_out == {"unlabelled": 1}


@pytest.mark.parametrize("folder", ["", "Annotations/"])
def test_labelimg(photos, folder):
    def annotation(*names):
        objects = "".join(f"<object><name>{name}</name><bndbox/></object>" for name in names)
        return f"<annotation><filename>wrong.png</filename>{objects}</annotation>"

    files = {"1": ("cat",), "2": ("dog", "dog"), "3": ("cat", "dog"), "4": ()}
    write(photos, **{f"{folder}{name}.xml": annotation(*names) for name, names in files.items()})
    labels, left_out, _ = read(photos)
    assert labels["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog"}
    assert left_out == {"boxes-of-several-classes": 1, "unlabelled": 1}


@pytest.mark.parametrize("comma", [",", ", "])
def test_roboflow(tmp_path, comma):
    put(tmp_path, *(f"{split}/{number}.jpg" for split in ("train", "valid") for number in (1, 2, 3, 4)))
    text = "filename,cat,dog\n1.jpg,1,0\n2.jpg,0,1\n3.jpg,1,1\n4.jpg,0,0\n".replace(",", comma)
    write(tmp_path, **{"train/_classes.csv": text, "valid/_classes.csv": text})
    labels, left_out, _ = read(tmp_path)
    assert labels == {
        "train": {"train/1.jpg": "cat", "train/2.jpg": "dog"},
        "validation": {"valid/1.jpg": "cat", "valid/2.jpg": "dog"},
    }
    assert left_out == {"several-labels": 2, "unlabelled": 2}
    assert [*read(tmp_path / "train" / "_classes.csv")[0]["train"]] == ["1.jpg", "2.jpg"]


def test_hugging_face_image_folders(tmp_path):
    put(tmp_path, *(f"{split}/{number}.jpg" for split in ("train", "test") for number in (1, 2)))
    write(tmp_path, **{"train/metadata.csv": "file_name,label\n1.jpg,007\n2.jpg,7\n"})
    write(
        tmp_path,
        **{"test/metadata.jsonl": '{"file_name": "1.jpg", "label": "7"}\n{"file_name": "2.jpg", "label": "007"}'},
    )
    labels, _, _ = read(tmp_path)
    assert labels == {
        "train": {"train/1.jpg": "007", "train/2.jpg": "7"},
        "test": {"test/1.jpg": "7", "test/2.jpg": "007"},
    }
    assert is_table(tmp_path)


class TestWebDataset:
    @pytest.fixture(autouse=True)
    def cache(self, tmp_path, monkeypatch):
        monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))

    def shard(self, file, *members):
        file.parent.mkdir(exist_ok=True)
        with tarfile.open(file, "w") as archive:
            for name, content in members:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))

    def test_members_belong_together_by_their_names(self, tmp_path):
        first = [("a/1.JPG", encoded(10)), ("a/2.seg.png", encoded(20)), ("a/1.cls", b"0\n"), ("a/2.cls", b"1")]
        self.shard(tmp_path / "set/train-0.tar", *first)
        self.shard(
            tmp_path / "set/train-1.tar", ("1.jpg", encoded(30)), ("1.json", b'{"caption": "a cat", "label": 1}')
        )
        self.shard(tmp_path / "set/val-0.tar", ("1.jpg", encoded(40)), ("1.cls", b"1"), ("2.jpg", encoded(50)))
        write(tmp_path, **{"names.txt": "cat\ndog\n"})
        data = table.load(tmp_path / "set", READING, names=str(tmp_path / "names.txt"))
        assert data.class_names == ("cat", "dog")
        train, validation = data.splits["train"], data.splits["validation"]
        assert train.read(np.arange(3))[:, 0, 0, 0].tolist() == [10, 20, 30]
        assert (train.labels.tolist(), validation.labels.tolist()) == ([0, 1, 1], [1])
        assert [(one.reason, one.count) for one in data.unused] == [("unlabelled", 1)]
        assert table.files_root(tmp_path / "set") == train.root
        assert is_table(tmp_path / "set")

    def test_what_leads_out_of_the_archive_stays_in_the_cache(self, tmp_path):
        self.shard(
            tmp_path / "a.tar",
            ("../../1.png", encoded(1)),
            ("../../1.cls", b"a"),
            ("/x/2.png", encoded(2)),
            ("/x/2.cls", b"b"),
        )
        samples = table.load(tmp_path / "a.tar", READING).splits["train"]
        assert all(path.parent == samples.root for path in map(samples.path, range(2)))
        assert samples.read(np.arange(2))[:, 0, 0, 0].tolist() == [1, 2]

    @pytest.mark.parametrize("content", [b"", b"no archive"])
    def test_a_damaged_archive(self, tmp_path, content):
        (tmp_path / "a.tar").write_bytes(content)
        with pytest.raises(DataError, match="cannot be read as a tar archive"):
            table.load(tmp_path / "a.tar", READING)

    def test_an_archive_that_was_cut_off(self, tmp_path):
        samples = [(f"{at}.{kind}", encoded(at) if kind == "png" else b"1") for at in (1, 2) for kind in ("png", "cls")]
        self.shard(tmp_path / "a.tar", *samples)
        (tmp_path / "a.tar").write_bytes((tmp_path / "a.tar").read_bytes()[: 2 * 1024 + 100])
        with pytest.raises(DataError, match="damaged or incomplete"):
            table.load(tmp_path / "a.tar", READING)

    def test_an_archive_of_other_files(self, tmp_path):
        self.shard(tmp_path / "a.tar", ("cat/1.png", encoded(1)))
        with pytest.raises(DataError, match="no images with labels"):
            table.load(tmp_path / "a.tar", READING)


def lines(*objects):
    return "\n".join(map(json.dumps, objects)) + "\n"


SAGEMAKER = [
    {"source-ref": f"s3://bucket/set/{number}.jpg", "job": at, "job-metadata": {"class-name": name, "confidence": 0.9}}
    for number, at, name in ((1, 0, "cat"), (2, 1, "dog"))
]
VERTEX = [
    {
        "imageGcsUri": f"gs://bucket/{number}.jpg",
        "classificationAnnotation": {"displayName": name},
        "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": use},
    }
    for number, name, use in ((1, "cat", "training"), (2, "dog", "training"), (3, "dog", "test"))
]
VIA = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
ANNOTATED = {"1.jpg12": {"filename": "1.jpg", "size": 12, "regions": [], "file_attributes": {"kind": "cat"}}}
ANNOTATED["2.jpg7"] = {"filename": "2.jpg", "file_attributes": {"kind": {"dog": True, "cat": False}}}
OPEN = "ImageID,Source,LabelName,Confidence\n"


VIA_ROWS = '1.jpg,9,"{""kind"":""cat""}",2,0,"{}","{}"\n' * 2 + '2.jpg,9,"{""kind"":""dog""}",0,0,"{}","{}"\n'
PAIRS = ((1, "cat"), (2, "dog"))
MAKESENSE = [{"image": f"{at}.jpg", "annotations": [{"label": of}]} for at, of in PAIRS]
AZURE = [{"id": str(at), "originalImageUri": "https://x/y", "tags": [{"tagName": of}]} for at, of in PAIRS]
VERIFIED = "1,verification,/m/1,1\n1,verification,/m/2,0\n2,verification,/m/2,1\n"
LISTS = {"train.txt": '1.jpg 0\n"2".jpg 1\n3.jpg\n4.jpg 0 1\n', "synsets.txt": "cat\ndog\n"}


@pytest.mark.parametrize(
    ("tool", "files"),
    [
        ("fiftyone", {"labels.json": {"classes": ["cat", "dog"], "labels": {"1": 0, "2": 1, "3": None, "4": [0, 1]}}}),
        ("fiftyone", {"labels.json": {"classes": None, "labels": {"1": "cat", "2": {"label": "dog"}}}}),
        ("imagenet_lists", LISTS),
        ("sagemaker", {"a.manifest": lines(*SAGEMAKER)}),
        ("sagemaker", {"a.lst": "0\tcat\timages/1.jpg\n1\tdog\timages/2.jpg\n"}),
        ("via", {"a.csv": VIA + VIA_ROWS}),
        ("via", {"a.csv": f"#{VIA}{VIA_ROWS}"}),
        ("via", {"a.json": ANNOTATED}),
        ("via", {"a.json": {"_via_settings": {}, "_via_img_metadata": ANNOTATED}}),
        ("makesense", {"a.csv": '1.jpg,"[cat]"\n2.jpg,"[dog]"\n3.jpg,"[cat,dog]"\n'}),
        ("makesense", {"a.json": MAKESENSE}),
        ("vertex", {"a.jsonl": lines(*VERTEX)}),
        ("vertex", {"a.csv": "training,gs://b/1.jpg,cat\nTRAIN,gs://b/2.jpg,dog\ntest,gs://b/3.jpg,dog\n"}),
        ("vertex", {"a.csv": "gs://b/1.jpg,cat\ngs://b/2.jpg,dog\n"}),
        ("azure", {"a.json": AZURE}),
        ("open_images", {"a.csv": OPEN + VERIFIED, "class-descriptions.csv": "/m/1,cat\n/m/2,dog\n"}),
    ],
)
def test_other_tools(photos, tool, files):
    write(photos, **files)
    path = photos if files is LISTS else photos / next(iter(files))
    assert recognised(path) == tool
    assert is_table(path)
    labels, _, told = read(path)
    assert labels["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog"}
    assert EXPORTS[tool].what in told[0]


def test_each_label_of_rekognition_counts(photos):
    def row(image, *words):
        about = {f"pets_{word}-metadata": {"class-name": word, "confidence": 1} for word in words}
        return {"source-ref": f"s3://b/{image}.jpg", **{f"pets_{word}": 1 for word in words}, **about}

    write(photos, **{"a.manifest": lines(row(1, "cat"), row(2, "dog"), row(3, "cat", "dog"))})
    labels, left_out, _ = read(photos / "a.manifest")
    assert (labels["train"], left_out) == ({"images/1.jpg": "cat", "images/2.jpg": "dog"}, {"several-labels": 1})


def test_an_attribute_of_cvat_where_all_tags_are_alike(photos):
    def tag(image, label, **attributes):
        inner = "".join(f'<attribute name="{name}">{value}</attribute>' for name, value in attributes.items())
        return f'<image id="{image}" name="{image}.jpg"><tag label="{label}">{inner}</tag></image>'

    def export(*tags):
        write(photos, **{"a.xml": f"<annotations><version>1.1</version>{''.join(tags)}</annotations>"})
        return photos / "a.xml"

    expected = {"images/1.jpg": "cat", "images/2.jpg": "dog"}
    file = export(tag(1, "animal", kind="cat"), tag(2, "animal", kind="dog"))
    assert read(file)[0]["train"] == expected
    file = export(tag(1, "cat", age="1"), tag(2, "dog", age="2"))
    assert read(file)[0]["train"] == expected
    assert read(file, label_column="age")[0]["train"] == {"images/1.jpg": "1", "images/2.jpg": "2"}
    with pytest.raises(DataError, match="several attributes of tags: age, kind"):
        read(export(tag(1, "animal", kind="cat", age="1"), tag(2, "animal", kind="dog", age="2")))


def test_several_jobs_and_attributes_are_chosen_by_name(photos):
    rows = [{**row, "kind": 1, "kind-metadata": {"class-name": "pet"}} for row in SAGEMAKER]
    rows[1]["kind-metadata"] = {"class-name": "wild"}
    write(photos, **{"a.manifest": lines(*rows)})
    assert [*read(photos / "a.manifest")[0]["train"].values()] == ["pet", "wild"]
    assert [*read(photos / "a.manifest", label_column="job")[0]["train"].values()] == ["cat", "dog"]
    more = {key: {**row, "file_attributes": {**row["file_attributes"], "by": "Ann"}} for key, row in ANNOTATED.items()}
    write(photos, **{"a.json": more})
    with pytest.raises(DataError, match="several attributes of files: by, kind"):
        read(photos / "a.json")
    assert [*read(photos / "a.json", label_column="kind")[0]["train"].values()] == ["cat", "dog"]


def test_ordinary_tables_and_folders_are_no_exports(photos):
    write(photos, **{"a.csv": "file,label\n1.jpg,a\n", "b.json": [{"file": "1.jpg"}], "c.xml": "<a/>", "d.json": "{"})
    assert [recognised(photos / name) for name in ("a.csv", "b.json", "c.xml", "d.json", "images", "")] == [None] * 6
    assert not is_table(photos)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", {"images": None, "annotations": [], "categories": []}),
        ("a.json", {"images": [{"id": [], "file_name": "1.jpg"}], "annotations": [], "categories": []}),
        ("a.json", [{"annotations": [{"result": [None]}], "data": {"image": "1.jpg"}}]),
        ("a.json", [{"annotations": [], "data": None}]),
        ("a.json", [{"id": "1", "imageUri": "x", "tags": [3]}]),
        ("a.json", {"1": {"filename": 3, "file_attributes": {}}}),
        ("a.json", {"classes": [], "labels": {"1": 3}}),
        ("a.jsonl", {"imageGcsUri": None}),
        ("a.manifest", {"source-ref": "1.jpg", "job": 1, "job-metadata": 0.5}),
        ("a.csv", "gs://b/1.jpg,cat\ntrain\n"),
    ],
)
def test_damaged_exports_are_an_error_and_no_bug(photos, name, content):
    write(photos, **{name: content})
    with pytest.raises(DataError):
        read(photos / name)


def test_an_export_without_one_label_says_why(photos):
    write(photos, **{"export.json": [task(1), task(2, chosen("a", "b"))]})
    with pytest.raises(DataError, match="no image with one label: 1 image has no label and is not used"):
        read(photos / "export.json")


def test_captions_beside_class_folders_are_no_table(photos):
    write(photos, **{"metadata.csv": "file_name,text\nimages/1.jpg,a cat\n"})
    assert not is_table(photos)
    write(photos, **{"metadata.csv": "file_name,label\nimages/1.jpg,cat\n"})
    assert is_table(photos)


@each("name", EXPORTS)
def test_every_export_has_a_line_in_the_docs(name):
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text("utf-8")
    assert f"| {name} |" in page
