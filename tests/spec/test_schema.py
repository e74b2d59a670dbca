"""The defaults of a spec, what its keys take, and that nobody can change it afterwards."""

from pathlib import Path

import pytest
from cases import each

from cnncli.catalog.entries import Entry
from cnncli.spec import Spec, parse
from cnncli.spec.reader import Document, read
from cnncli.spec.schema import sections
from cnncli.spec.sections.values import is_name

LEAST = "data: {source: mnist}\nmodel: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}\n"


def spec_of(text):
    return parse(read(text, "a.yaml")).spec


def test_two_keys_are_enough_and_the_rest_has_these_defaults():
    assert spec_of(LEAST).plain() == {
        "name": "run",
        "seed": 0,
        "data": {
            "source": "mnist",
            "classes": None,
            "exclude": [],
            "corrections": None,
            "unreadable": "error",
            "image": {
                "size": None,
                "color": None,
                "resize": "stretch",
                "interpolation": "bilinear",
                "white": None,
                "icc": "ignore",
                "frame": None,
                "window": None,
                "schedule": [],
            },
            "split": {
                "validation": 0.1,
                "test": 0.2,
                "stratify": True,
                "group": None,
                "folder": None,
                "file": None,
            },
            "scale": [0, 1],
            "standardize": None,
            "cache": "disk",
        },
        "augment": [],
        "model": {
            "blocks": {},
            "layers": ["Flatten", {"Dense": {"units": "classes", "activation": "softmax"}}],
            "weights": None,
        },
        "train": {
            "epochs": 10,
            "max_time": None,
            "batch_size": 32,
            "optimizer": "Adam",
            "learning_rate_factors": None,
            "loss": "SparseCategoricalCrossentropy",
            "metrics": ["accuracy"],
            "class_weight": None,
            "sampling": None,
            "monitor": None,
            "callbacks": [],
            "stages": [],
            "features": "auto",
            "jit_compile": False,
            "precision": "float32",
            "threads": "auto",
            "devices": None,
            "synchronized": True,
            "deterministic": False,
            "checkpoint": {"steps": None, "minutes": 5},
        },
        "calibration": None,
        "track": [],
        "silence": [],
    }


def test_a_resolved_spec_read_again_is_the_same():
    text = LEAST + (
        "train: {optimizer: {SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: total_steps}}"
        ", momentum: 0.9}}, class_weight: {'1': 2.0}, callbacks: [{EarlyStopping: {patience: 2}}]}\nsilence: [x]"
    )
    spec = spec_of(text)
    assert Spec.read(spec.plain(), (), []) == spec


@pytest.mark.parametrize("section", [path for path in sections() if path], ids=lambda path: ".".join(path))
def test_no_section_can_be_changed(section):
    part = spec_of(LEAST)
    for key in section:
        part = getattr(part, key)
    for key in part.spec_keys():
        with pytest.raises(AttributeError):
            setattr(part, key, None)


def test_an_entry_cannot_be_changed():
    with pytest.raises(AttributeError):
        spec_of(LEAST).train.optimizer.name = "SGD"


def test_every_key_says_what_it_is():
    for path, section in sections().items():
        for key, info in section.spec_keys().items():
            assert info.description, (*path, key)


def test_the_sections_are_these():
    data, train = {("data",), ("data", "image"), ("data", "split")}, {("train",), ("train", "checkpoint")}
    assert set(sections()) == {(), *data, ("model",), *train, ("tune",)}


@pytest.mark.parametrize("part", [0, 0.0, 0.5, 0.999, 1, 5000, "test"])
def test_validation_takes_fractions_counts_and_test(part):
    spec = spec_of(LEAST.replace("source: mnist", f"source: mnist, split: {{validation: {part}}}"))
    assert spec.data.split.validation == part
    assert type(spec.data.split.validation) is type(part)


@pytest.mark.parametrize("part", [0.25, 10])
def test_the_test_is_a_fraction_or_a_count(part):
    own = f"source: {{folder: {{path: a}}}}, split: {{test: {part}}}"
    assert spec_of(LEAST.replace("source: mnist", own)).data.split.test == part


@pytest.mark.parametrize("part", ["-1", "-0.1", "1.0", "1.5", "true", "train", "null", ".nan", "'0.1'"])
def test_validation_takes_nothing_else(part):
    with pytest.raises(Exception, match="expected a number of at least 0 and below 1"):
        spec_of(LEAST.replace("source: mnist", f"source: mnist, split: {{validation: {part}}}"))


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("image", ["{size: 8}", "{size: [8, 9]}", "{color: grayscale, resize: pad}", "{size: null, color: null}"],
         ["{size: 0}", "{size: [8]}", "{size: [8, 9, 3]}", "{size: 8.5}", "{color: gray}", "{resize: squash}", "3"]),
        ("split", ["{stratify: false}", "{group: null, folder: null, file: null}", "{file: runs/a-001}"],
         ["{group: []}", "{folder: {}}", "{file: 3}", "{test: 0}", "{test: 1.0}", "{test: test}", "{test: null}",
          "{stratify: 1}"]),
        ("classes", ["null", "['1', '2']", "[1, 2]", "{1: one, 2: two}"], ["[]", "{}", "[1.5, 2]", "{1: true}", "'1'"]),
        ("exclude", ["[]"], ["null", "a.png", "[3]"]),
        ("unreadable", ["error"], ["ignore", "true", "null"]),
        ("standardize", ["null", "featurewise", "samplewise"], ["true", "batchwise"]),
        ("cache", ["true", "false", "{disk: 20}", "{disk: 0.5}"],
         ["null", "'yes'", "1", "{}", "{disk: -1}", "{disk: 0}", "{disk: 1e300}", "{disk: 1, memory: 2}"]),
    ],
)  # fmt: skip
def test_each_key_of_data_takes_these_and_not_those(key, good, bad):
    for value in good:
        assert spec_of(LEAST.replace("source: mnist", f"source: mnist, {key}: {value}"))
    for value in bad:
        with pytest.raises(Exception, match=f"data.{key}"):
            spec_of(LEAST.replace("source: mnist", f"source: mnist, {key}: {value}"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{disk: -1}", r"data.cache.disk: expected a limit in GB, above 0 and at most 1,000,000, got -1"),
        ("{disc: 20}", r"data.cache.disc: unknown key; did you mean 'disk'\?"),
        ("disc", r"data.cache: expected off, memory, disk, or \{disk: 20\} with its limit in GB, got 'disc'"),
    ],
)
def test_the_cache_says_what_is_wrong_with_its_limit(value, message):
    with pytest.raises(Exception, match=message):
        spec_of(LEAST.replace("source: mnist", f"source: mnist, cache: {value}"))


@each(
    "key, good, bad",
    [
        ("epochs", ["1", "100000"], ["0", "-1", "1.0", "true", "ten", "null"]),
        ("max_time", ["10m", "90", "1h30m", "null"], ["0", "-1", "true", "soon", "[10m]"]),
        ("batch_size", ["1", "4096"], ["0", "-1", "2.5", "[32]"]),
        ("jit_compile", ["true", "false"], ["auto", "1", "null"]),
        ("precision", ["float32", "mixed_bfloat16", "auto"], ["float64", "16", "null"]),
        (
            "devices",
            ["null", "all", "2", "[GPU:0, GPU:3]", "[CPU:0, CPU:1]"],
            ["0", "al", "[]", "[gpu]", "[GPU:0, CPU:0]"],
        ),
        ("synchronized", ["true", "false"], ["null", "1"]),
        ("monitor", ["null", "val_loss", "accuracy"], ["''", "3", "[loss]"]),
        ("metrics", ["[]", "[accuracy]", "[SparseCategoricalAccuracy]"], ["accuracy", "null", "[Nothing]"]),
        ("callbacks", ["[]", "[TerminateOnNaN]"], ["TerminateOnNaN", "[LambdaCallback]"]),
        ("class_weight", ["null", "balanced", "{'3': 2}"], ["{}", "3", "{'3': -1}", "{'3': .inf}"]),
        ("sampling", ["null", "balanced"], ["true", "uniform"]),
        ("loss", ["CategoricalCrossentropy", "sparse_categorical_crossentropy"], ["null", "crossentropy", "CTC"]),
        ("optimizer", ["adam", "{Adam: null}", "{SGD: {momentum: 0.9}}"], ["{Adam: {}, SGD: {}}", "{Adam: 0.1}"]),
    ],
)
def test_each_key_of_train_takes_these_and_not_those(key, good, bad):
    for value in good:
        assert spec_of(LEAST + f"train: {{{key}: {value}}}")
    for value in bad:
        with pytest.raises(Exception, match=f"train.{key}"):
            spec_of(LEAST + f"train: {{{key}: {value}}}")


@pytest.mark.parametrize("value", ["[0, 0]", "[0]", "[a, b]", "[0, .inf]", "1", "[true, 2]"])
def test_scale_is_a_range(value):
    with pytest.raises(Exception, match=r"the lower one first|expected a number"):
        spec_of(LEAST.replace("source: mnist", f"source: mnist, scale: {value}"))


@pytest.mark.parametrize("name", ["mnist", "a", "0", "cifar-10_v2.1", "x" * 100, "connect", "com10"])
def test_these_can_name_a_folder(name):
    assert is_name(name)


@each(
    "name", ["", ".", "..", "-a", "a/b", "a\\b", "a b", "a.", "é", "x" * 101, "con", "NUL.txt", "com1", "a\n", 3, None]
)
def test_these_cannot_name_a_folder(name):
    assert not is_name(name)


def test_the_name_of_the_file_is_the_name_unless_it_can_be_none():
    document = read(LEAST, "a.yaml")
    assert parse(document, "cifar").spec.name == "cifar"
    assert parse(document, "my cifar").spec.name == "run"
    assert parse(read(LEAST + "name: own", "a.yaml"), "cifar").spec.name == "own"


def test_a_spec_without_text_is_checked_as_well():
    value = {"data": {"source": "mnist"}, "model": {"layers": ["Flatten", {"Dense": {"units": 10}}]}}
    assert [node.entry for node in parse(Document("here", value)).spec.model.nodes] == [
        Entry("layer", "Flatten"), Entry("layer", "Dense", {"units": 10})
    ]  # fmt: skip


def test_the_room_has_no_file_that_loads_keras():
    for file in (Path(__file__).parents[2] / "cnncli" / "spec").rglob("*.py"):
        assert "import keras" not in file.read_text(encoding="utf-8")
