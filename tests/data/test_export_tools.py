"""The files of each labelling tool, as the tool writes them: found in a folder, with their splits and groups."""

import json

import pytest
from picture_files import put
from table_reading import READING, read

from cnncli.data.sources import folder, table
from cnncli.data.sources.labelling import EXPORTS, recognised
from cnncli.data.sources.rows.json_cells import cell
from cnncli.data.sources.rows.reading import is_table
from cnncli.errors import DataError

PAIRS = ((1, "cat"), (2, "dog"))


def write(root, files):
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content if isinstance(content, str) else json.dumps(content))


def lines(*objects):
    return "\n".join(map(json.dumps, objects)) + "\n"


@pytest.fixture
def photos(tmp_path):
    put(tmp_path, *(f"images/{number}.jpg" for number in range(1, 5)))
    return tmp_path


def datumaro(*labels):
    items = [
        {"id": str(at), "image": {"path": f"{at}.jpg"}, "annotations": [{"type": "label", "label_id": label}]}
        for at, label in enumerate(labels, 1)
    ]
    names = [{"name": "cat", "parent": ""}, {"name": "dog", "parent": ""}]
    return {"dm_format_version": "1.0", "categories": {"label": {"labels": names}}, "items": items}


def labelme(image, flags=None, shapes=()):
    drawn = [{"label": name, "points": [[0, 0], [2, 2]], "shape_type": "rectangle"} for name in shapes]
    return {"version": "5.5.0", "flags": flags or {}, "shapes": drawn, "imagePath": f"../images/{image}.jpg"}


def darwin(image, name, kind="tag"):
    return {"version": "2.0", "item": {"name": f"{image}.jpg", "path": "/"}, "annotations": [{"name": name, kind: {}}]}


def labelbox(image, *words, **about):
    given = [{"name": "kind", "radio_answer": {"name": word, "value": word}} for word in words]
    label = {"label_kind": "Default", "annotations": {"objects": [], "classifications": given}, **about}
    row = {"external_id": f"{image}.jpg", "row_data": "https://x/y", "camera": f"c{image}"}
    return {"data_row": row, "projects": {"p": {"labels": [label]}}}


def kili(image, *words, kind="DEFAULT", **about):
    response = {"KIND": {"categories": [{"confidence": 100, "name": word} for word in words]}}
    label = {"labelType": kind, "isLatestLabelForUser": True, "jsonResponse": response, **about}
    return {"id": f"k{image}", "externalId": f"{image}.jpg", "content": "https://x/y", "labels": [label]}


def segments(attributes=({"kind": "cat"}, {"kind": "dog"}), objects=((), ())):
    samples = [
        {
            "name": f"{at}.jpg",
            "labels": {
                "ground-truth": {
                    "label_status": "LABELED",
                    "attributes": {
                        "image_attributes": given,
                        "annotations": [{"id": 1, "category_id": number} for number in drawn],
                    },
                }
            },
        }
        for at, (given, drawn) in enumerate(zip(attributes, objects, strict=True), 1)
    ]
    categories = [{"id": 4, "name": "cat"}, {"id": 9, "name": "dog"}]
    return {"name": "v1", "dataset": {"task_attributes": {"categories": categories}, "samples": samples}}


def encord(image, word):
    unit = {"data_title": f"{image}.jpg", "labels": {"objects": [], "classifications": [{"classificationHash": "c"}]}}
    given = {"c": {"classifications": [{"name": "kind", "answers": [{"name": word, "value": word}]}]}}
    return {"label_hash": "h", "data_units": {"d": unit}, "classification_answers": given}


def prodigy(image, **more):
    return {"image": f"images/{image}.jpg", "_input_hash": 1, "_task_hash": 2, "answer": "accept", **more}


def edge(image, kind="label", word=""):
    about = {"type": kind, "label": word} if word else {"type": kind}
    return {"path": f"images/{image}.jpg", "name": image, "category": "training", "label": about}


BOX = "0.5 0.5 0.2 0.2"
BOXES = [{"label": word, "x": 0, "y": 0, "width": 2, "height": 2} for _, word in PAIRS]
SAMPLES = [
    {"filepath": f"images/{at}.jpg", "tags": [], "kind": {"_cls": "Classification", "label": word}}
    for at, word in PAIRS
]
SEEN = [
    {"filepath": f"images/{at}.jpg", "boxes": {"_cls": "Detections", "detections": [{"label": word}]}}
    for at, word in PAIRS
]
TENSORFLOW = "filename,width,height,class,xmin,ymin,xmax,ymax\n1.jpg,8,8,cat,1,1,5,5\n2.jpg,8,8,dog,1,1,5,5\n"
DOCCANO = [{"id": at, "filename": f"{at}.jpg", "label": [word]} for at, word in PAIRS]
INFO = {"version": 1, "files": [edge(1, word="cat"), edge(2, word="dog"), edge(3, "unlabeled")]}
REJECTED = prodigy(1, label="dog", answer="reject")
VOC = "<annotation><filename>x</filename><object><name>{}</name></object></annotation>"

FILES = [
    ("datumaro", {"annotations/default.json": datumaro(0, 1)}),
    ("labelme", {f"labels/{at}.json": labelme(at, {"cat": word == "cat", "dog": word == "dog"}) for at, word in PAIRS}),
    ("labelme", {f"labels/{at}.json": labelme(at, shapes=[word, word]) for at, word in PAIRS}),
    ("darwin", {f"annotations/{at}.json": darwin(at, word) for at, word in PAIRS}),
    ("darwin", {f"annotations/{at}.json": darwin(at, word, "polygon") for at, word in PAIRS}),
    ("labelbox", {"export.ndjson": lines(labelbox(1, "cat"), labelbox(2, "dog"), labelbox(3))}),
    ("encord", {"labels.json": [encord(at, word) for at, word in PAIRS]}),
    ("prodigy", {"a.jsonl": lines(*(prodigy(at, accept=[word], options=[]) for at, word in PAIRS))}),
    ("prodigy", {"a.jsonl": lines(prodigy(1, label="cat"), REJECTED, prodigy(2, label="dog"))}),
    ("prodigy", {"a.jsonl": lines(*(prodigy(at, spans=[{"label": word}]) for at, word in PAIRS))}),
    ("doccano", {"all.jsonl": lines(*DOCCANO)}),
    ("edge_impulse", {"info.labels": INFO}),
    ("edge_impulse", {"images/bounding_boxes.labels": {"boundingBoxes": {"1.jpg": BOXES[:1], "2.jpg": BOXES[1:]}}}),
    ("roboflow", {"_annotations.csv": TENSORFLOW}),
    ("roboflow", {"_annotations.csv": "1.jpg,1,1,5,5,cat\n2.jpg,1,1,5,5,dog\n"}),
    ("makesense", {"a.csv": "cat,1,1,5,5,1.jpg,8,8\ndog,1,1,5,5,2.jpg,8,8\n"}),
    ("vertex", {"a.csv": "".join(f"TRAIN,gs://b/{at}.jpg,{word},0.1,0.1,,,0.5,0.5,,\n" for at, word in PAIRS)}),
    ("open_images", {"a.csv": "ImageID,Source,LabelName,Confidence,XMin\n1,x,cat,1,0.1\n2,x,dog,1,0.1\n"}),
    ("fiftyone", {"samples.json": {"samples": SAMPLES}}),
    ("fiftyone", {"samples.json": {"samples": SEEN}}),
    (
        "fiftyone",
        {"labels.json": {"classes": None, "labels": {"1": [{"label": "cat", "bounding_box": []}], "2": "dog"}}},
    ),
    ("yolo", {"data.yaml": "names: [cat, dog]\n", "labels/1.txt": f"0 {BOX}\n0 {BOX}\n", "labels/2.txt": f"1 {BOX}"}),
    (
        "yolo",
        {
            "data.yaml": "names: {0: cat, 1: dog}",
            "labels/1.txt": f"0 {BOX}",
            "labels/2.txt": f"1 {BOX}",
            "labels/3.txt": "",
        },
    ),
    ("yolo", {"a/labels/classes.txt": "cat\ndog\n", "a/labels/1.txt": f"0 {BOX}", "a/labels/2.txt": f"1 {BOX}"}),
    ("yolo", {"classes.txt": "cat\ndog\n", "labels/0a1b2c3d-1.txt": f"0 {BOX}", "labels/2.txt": f"1 {BOX} 0.1 0.1"}),
    ("kili", {"export.json": [kili(1, "cat"), kili(2, "dog"), {**kili(3), "labels": []}]}),
    ("kili", {"a.json": [kili(1, "cat"), kili(2, "dog"), kili(3, "dog", kind="PREDICTION")]}),
    ("segments", {"pets-v1.json": segments()}),
    ("segments", {"pets-v1.json": segments(({}, {}), ((4, 4), (9,)))}),
    (
        "voc",
        {"ImageSets/Main/train.txt": "1\n2\n", **{f"Annotations/{at}.xml": VOC.format(word) for at, word in PAIRS}},
    ),
]


@pytest.mark.parametrize(("tool", "files"), FILES)
def test_a_folder_with_the_files_of_a_tool(photos, tool, files):
    write(photos, files)
    assert recognised(photos) == tool
    assert is_table(photos)
    labels, left_out, told = read(photos)
    assert labels == {"train": {"images/1.jpg": "cat", "images/2.jpg": "dog"}}
    assert set(left_out) <= {"unlabelled"}
    assert told[0] == f"{photos} is read as {EXPORTS[tool].what}"


def test_every_tool_is_in_a_test_as_it_writes():
    elsewhere = {
        "label_studio",
        "supervisely",
        "coco",
        "cvat",
        "voc_xml",
        "imagenet_lists",
        "sagemaker",
        "via",
        "azure",
        "oxford_pets",
        "split_lists",
        "tiny_imagenet",
    }
    assert {tool for tool, _ in FILES} | elsewhere == set(EXPORTS)


def cvat(*images):
    tags = "".join(f'<image id="{at}" name="{name}.jpg"><tag label="{word}"/></image>' for at, name, word in images)
    return f"<annotations><version>1.1</version>{tags}</annotations>"


class TestSplits:
    def test_are_the_names_of_the_files(self, photos):
        write(photos, {"train.xml": cvat((0, 1, "cat"), (1, 2, "dog")), "val.xml": cvat((0, 3, "cat"))})
        assert read(photos)[0]["validation"] == {"images/3.jpg": "cat"}

    def test_are_the_folders_around_the_files_and_the_images(self, tmp_path):
        put(tmp_path, *(f"{split}/img/{at}.jpg" for split in ("train", "test") for at in (1, 2)))
        tags = [{"name": "kind", "value": "cat"}], [{"name": "dog"}]
        annotations = [{"size": {"height": 8}, "tags": tag, "objects": []} for tag in tags]
        write(
            tmp_path,
            {f"{split}/ann/{at}.jpg.json": annotations[at - 1] for split in ("train", "test") for at in (1, 2)},
        )
        write(tmp_path, {"meta.json": {"classes": [], "tags": []}})
        assert recognised(tmp_path) == "supervisely"
        labels = read(tmp_path)[0]
        assert labels["train"] == {"train/img/1.jpg": "cat", "train/img/2.jpg": "dog"}
        assert labels["test"] == {"test/img/1.jpg": "cat", "test/img/2.jpg": "dog"}

    @pytest.mark.parametrize("place", ["images/{}", "{}2017", "{}/images"])
    def test_tell_images_of_one_name_apart(self, tmp_path, place):
        put(tmp_path, *(f"{place.format(split)}/{at}.jpg" for split in ("train", "val") for at in (1, 2)))
        names = [{"id": at, "name": word} for at, word in PAIRS]
        images = [{"id": at, "file_name": f"{at}.jpg"} for at, _ in PAIRS]
        for split, labels in (("train", (1, 2)), ("val", (2, 1))):
            given = [{"image_id": at, "category_id": label} for at, label in zip((1, 2), labels, strict=True)]
            content = {"images": images, "annotations": given, "categories": names}
            write(tmp_path, {f"annotations/instances_{split}2017.json": content})
        labels = read(tmp_path)[0]
        for split, word in (("train", "cat"), ("validation", "dog")):
            folder_of = place.format({"validation": "val"}.get(split, split))
            assert labels[split][f"{folder_of}/1.jpg"] == word

    def test_are_no_names_of_single_images(self, photos):
        put(photos, "images/test1.jpg", "images/test2.jpg")
        write(photos, {f"labels/test{at}.json": labelme(f"test{at}", {word: True}) for at, word in PAIRS})
        assert read(photos)[0]["train"] == {"images/test1.jpg": "cat", "images/test2.jpg": "dog"}

    def test_one_alone_is_divided_and_told(self, photos):
        put(photos, "images/val/1.png", "images/val/2.png")
        write(
            photos,
            {"dataset.yaml": "names: [cat, dog]", "labels/val/1.txt": f"0 {BOX}", "labels/val/2.txt": f"1 {BOX}"},
        )
        labels, _, told = read(photos)
        assert labels == {"train": {"images/val/1.png": "cat", "images/val/2.png": "dog"}}
        assert f"{photos}: all images are of one split, validation, and are divided anew" in told

    def test_other_files_of_one_tool_are_refused(self, photos):
        write(photos, {"a.xml": cvat((0, 1, "cat")), "b.xml": cvat((0, 1, "dog"))})
        with pytest.raises(DataError, match="several files, each of them a CVAT file: a"):
            read(photos)
        assert recognised(photos / "a.xml") == "cvat"


def test_files_in_folders_of_classes_are_no_export_of_all(tmp_path):
    put(tmp_path, "a/1.jpg", "b/2.jpg")
    write(tmp_path, {"a/1.json": labelme(1, shapes=["x"]), "b/2.json": labelme(2, shapes=["y"])})
    assert recognised(tmp_path) is None


class TestLabelStudioRows:
    def row(self, at, word, by=1, **more):
        answered = {"annotator": by, "annotation_id": 10 * by + at} if by else {}
        return {
            "image": f"/data/upload/1/0a1b2c3d-{at}.jpg",
            "id": at,
            "kind": word,
            "lead_time": 1,
            **answered,
            **more,
        }

    def test_a_column_that_is_there_without_an_annotation_is_no_question(self, photos):
        rows = [self.row(1, "cat", patient="p1"), self.row(2, "dog", patient="p1")]
        write(photos, {"min.json": rows})
        with pytest.raises(DataError, match="several questions: kind, patient"):
            read(photos)
        unanswered = self.row(3, None, 0, patient="p2")
        del unanswered["kind"]
        write(photos, {"min.json": [*rows, unanswered]})
        assert read(photos)[0]["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog"}

    def test_boxes_in_cells(self, photos):
        rows = [self.row(at, [{"x": 1, "width": 2, "rectanglelabels": [word]}]) for at, word in PAIRS]
        write(photos, {"min.json": rows})
        labels, _, told = read(photos)
        assert labels["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog"}
        assert any("2 images without labels get the class of their boxes" in line for line in told)


def test_a_question_that_was_not_asked(photos):
    write(photos, {"export.ndjson": lines(labelbox(1, "cat"), labelbox(2, "dog"))})
    assert read(photos, label_column="kind")[0]["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog"}
    with pytest.raises(DataError, match="has no 'age' among its questions: kind"):
        read(photos, label_column="age")


def test_attributes_that_nobody_filled_in_are_no_questions(photos):
    about = {at: {"caption": "", "public_domain": {}, "kind": word} for at, word in PAIRS}
    write(
        photos,
        {
            "via.json": {
                f"{at}.jpg9": {"filename": f"{at}.jpg", "regions": [], "file_attributes": about[at]} for at in about
            }
        },
    )
    assert read(photos)[0]["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog"}


class TestGroups:
    def test_are_what_the_tool_says_of_an_image(self, photos):
        rows = [
            {"id": at, "data": {"image": f"{at}.jpg", "patient": f"p{at % 2}"}, "annotations": []} for at in (1, 2, 3)
        ]
        for row, word in zip(rows, ("cat", "dog", "cat"), strict=True):
            row["annotations"] = [{"result": [{"from_name": "kind", "value": {"choices": [word]}}]}]
        write(photos, {"export.json": rows})
        assert table.load(photos, READING, group_column="patient").groups == {"train": ("p1", "p0", "p1")}
        with pytest.raises(DataError, match="says nothing of a 'doctor' for its images; there is image, patient"):
            table.load(photos, READING, group_column="doctor")

    def test_in_records_of_other_tools(self, photos):
        write(photos, {"export.ndjson": lines(labelbox(1, "cat"), labelbox(2, "dog"))})
        assert table.load(photos, READING, group_column="camera").groups == {"train": ("c1", "c2")}


def test_skipped_and_rejected_answers(photos):
    write(
        photos,
        {
            "a.jsonl": lines(
                prodigy(1, accept=["cat"]), prodigy(2, accept=["dog"]), prodigy(3, accept=["cat"], answer="ignore")
            )
        },
    )
    assert read(photos)[1] == {"skipped": 1}
    write(
        photos,
        {"a.jsonl": lines(prodigy(1, label="cat"), prodigy(2, label="dog"), prodigy(3, label="cat", answer="reject"))},
    )
    assert read(photos)[1] == {"unlabelled": 1}


@pytest.mark.parametrize("name", ["_unlabeled", "no_label"])
def test_a_folder_of_images_without_labels_is_no_class(tmp_path, name):
    put(tmp_path, "cat/1.jpg", "dog/2.jpg", f"{name}/3.jpg", f"{name}/4.jpg")
    data = folder.load(tmp_path, READING)
    assert (data.class_names, data.foreign) == (("cat", "dog"), {})
    assert [(one.reason, one.count) for one in data.unused] == [("unlabelled", 2)]
    assert folder.load(tmp_path, READING, classes=["cat", name]).class_names == ("cat", name)


def test_a_split_whose_images_lie_beside_annotations(tmp_path):
    put(
        tmp_path,
        *(f"{split}/images/{word}/{split}{word}.jpg" for split in ("train", "test") for word in ("cat", "dog")),
    )
    write(tmp_path, {f"{split}/annotations/people.txt": "cat 1" for split in ("train", "test")})
    data = folder.load(tmp_path, READING)
    assert data.class_names == ("cat", "dog")
    assert data.splits["test"].names == ("test/images/cat/testcat.jpg", "test/images/dog/testdog.jpg")


def test_bytes_within_a_list_are_a_cell_like_any_other():
    assert cell([{"data": b"\xff"}]) == '[{"data": "b\'\\\\xff\'"}]'


def test_what_a_reviewer_of_kili_says_comes_first(photos):
    reviewed = kili(1, "cat")
    reviewed["labels"] += kili(1, "dog", kind="REVIEW")["labels"] + kili(1, "owl", isLatestLabelForUser=False)["labels"]
    write(photos, {"a.json": [reviewed, kili(2, "cat"), {**kili(3), "status": "SKIPPED"}]})
    labels, left_out, _ = read(photos)
    assert labels["train"] == {"images/1.jpg": "dog", "images/2.jpg": "cat"}
    assert left_out == {"skipped": 1}


def test_of_several_attributes_of_segments_one_is_named(photos):
    write(photos, {"a.json": segments(({"kind": "cat", "age": 3}, {"kind": "dog", "age": None}))})
    with pytest.raises(DataError, match="several attributes of images: age, kind"):
        read(photos)
    assert read(photos, label_column="kind")[0]["train"] == {"images/1.jpg": "cat", "images/2.jpg": "dog"}


def test_oxford_pets(tmp_path):
    breeds = [("Abyssinian", 1, 1), ("yorkshire_terrier", 2, 2)]
    lines = [f"{name}_{at} {number} {species} 1\n" for name, number, species in breeds for at in (1, 2)]
    write(tmp_path, {"annotations/trainval.txt": lines[0] + lines[2], "annotations/test.txt": lines[1] + lines[3]})
    write(tmp_path, {"annotations/list.txt": f"#Image CLASS-ID SPECIES BREED ID\n{''.join(lines)}"})
    put(
        tmp_path,
        *(
            f"{place}/{name}_{at}.{kind}"
            for name, *_ in breeds
            for at in (1, 2)
            for place, kind in (("images", "jpg"), ("annotations/trimaps", "png"))
        ),
    )
    labels, _, told = read(tmp_path)
    assert labels == {
        "train": {"images/Abyssinian_1.jpg": "Abyssinian", "images/yorkshire_terrier_1.jpg": "yorkshire_terrier"},
        "test": {"images/Abyssinian_2.jpg": "Abyssinian", "images/yorkshire_terrier_2.jpg": "yorkshire_terrier"},
    }
    assert told[0].endswith("is read as the Oxford-IIIT Pets")


def test_tiny_imagenet(tmp_path):
    train, val = [f"train/{name}/images/{name}_{at}.JPEG" for name in ("n01", "n02") for at in (0, 1)], ["n02", "n01"]
    put(tmp_path, *train, *(f"{split}/images/{split}_{at}.JPEG" for split in ("val", "test") for at in (0, 1)))
    write(
        tmp_path,
        {"val/val_annotations.txt": "".join(f"val_{at}.JPEG\t{name}\t0\t1\t2\t3\n" for at, name in enumerate(val))},
    )
    write(tmp_path, {"wnids.txt": "n01\nn02\n", "train/n01/n01_boxes.txt": "n01_0.JPEG\t0\t1\t2\t3\n"})
    labels, _, told = read(tmp_path)
    assert labels["train"] == {name: name.split("/")[1] for name in train}
    assert labels["validation"] == {"val/images/val_0.JPEG": "n02", "val/images/val_1.JPEG": "n01"}
    assert told[0].endswith("is read as Tiny ImageNet")


@pytest.mark.parametrize(("place", "suffix"), [("meta/", ""), ("labels/", ".jpg"), ("", "")])
def test_lists_of_splits_beside_class_folders(tmp_path, place, suffix):
    put(tmp_path, *(f"images/{name}/{at}.jpg" for name in ("cat", "dog") for at in (1, 2)))
    lists = {"train": 1, "test": 2}
    write(tmp_path, {f"{place}{split}.txt": f"cat/{at}{suffix}\ndog/{at}{suffix}\n" for split, at in lists.items()})
    write(tmp_path, {f"{place}classes.txt": "cat\ndog\n"})
    labels, _, told = read(tmp_path)
    assert labels == {
        split: {f"images/{name}/{at}.jpg": name for name in ("cat", "dog")} for split, at in lists.items()
    }
    assert told[0].endswith("is read as class folders with lists of splits")


def test_other_lists_are_no_splits(tmp_path):
    put(tmp_path, *(f"images/{name}/{at}.jpg" for name in ("cat", "dog") for at in (1, 2)))
    write(tmp_path, {"train.txt": "cat/1 0\ndog/1 1\n", "test.txt": "cat/2 0\n"})
    assert recognised(tmp_path) is None
    write(tmp_path, {"train.txt": "cat/1\nowl/1\n", "test.txt": "cat/2\n"})
    assert recognised(tmp_path) is None
