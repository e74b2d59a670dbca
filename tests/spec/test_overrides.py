"""`extends:` and `--set`: what wins, and every way that leads nowhere."""

import pytest
from cases import each

from cnncli.errors import SpecError
from cnncli.spec import load
from cnncli.spec.overrides import MAX_CHAIN, apply_overrides, read_file
from cnncli.spec.reader import read

BASE = """\
data: {source: mnist, scale: [0, 1]}
model:
  layers:
    - Conv2D: {filters: 8, kernel_size: 3, activation: relu}
    - Flatten
    - Dense: {units: classes, activation: softmax}
train:
  epochs: 3
  optimizer: {Adam: {learning_rate: 0.002}}
  metrics: [accuracy]
"""


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    write("base.yaml", BASE)
    return write


def problem_of(path, *overrides):
    with pytest.raises(SpecError) as caught:
        load(path, overrides)
    (problem,) = caught.value.problems
    return problem


def merged(path):
    return read_file(path).value


def with_sets(*overrides):
    return apply_overrides(read(BASE, "base.yaml"), overrides)


# extends


def test_own_keys_win_and_sections_are_merged_key_by_key(write):
    value = merged(write("own.yaml", "extends: base.yaml\ntrain: {epochs: 9}\nname: own"))
    base = read(BASE, "base.yaml").value
    assert value == {**base, "name": "own", "train": {**base["train"], "epochs": 9}}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("{Adam: {epsilon: 0.1}}", {"Adam": {"learning_rate": 0.002, "epsilon": 0.1}}),  # of the same name: merged
        ("{SGD: {momentum: 0.9}}", {"SGD": {"momentum": 0.9}}),  # of another: replaced whole
        ("Adam", "Adam"),  # without arguments: Keras' defaults again
    ],
)
def test_objects_are_merged_argument_by_argument_when_they_are_the_same(write, own, expected):
    assert (
        merged(write("own.yaml", f"extends: base.yaml\ntrain: {{optimizer: {own}}}"))["train"]["optimizer"] == expected
    )


def test_nothing_takes_out_what_a_base_sets_but_where_nothing_is_a_value(write):
    write("base.yaml", BASE + "  checkpoint: {minutes: 3, steps: 9}\n")
    own = "extends: base.yaml\ndata: {scale: null}\ntrain: {epochs: null, checkpoint: {minutes: null, steps: null}}"
    value = merged(write("own.yaml", own))
    assert (value["data"], value["train"]["checkpoint"]) == ({"source": "mnist"}, {"minutes": None, "steps": None})
    assert "epochs" not in value["train"]
    write("mid.yaml", "extends: base.yaml\ndata: {scale: null}\ntrain: {sampling: null}")
    assert merged(write("own.yaml", "extends: mid.yaml\ndata: {split: {test: 9}}"))["data"].keys() == {
        "source",
        "split",
    }
    write("odd.yaml", "data: {source: mnist, scale: null}")  # a mistake of its own
    assert merged(write("own.yaml", "extends: odd.yaml\ndata: {split: {test: 9}}"))["data"]["scale"] is None
    blocks = "model: {blocks: {a: {parameters: {filters: 3}, layers: [Flatten]}}}"
    write("blocks.yaml", blocks)
    value = merged(write("own.yaml", f"extends: blocks.yaml\n{blocks.replace('3', 'null')}"))
    assert value["model"]["blocks"]["a"]["parameters"] == {"filters": None}


def test_lists_are_replaced_whole(write):
    value = merged(write("own.yaml", "extends: base.yaml\nmodel: {layers: [Flatten]}\ntrain: {metrics: []}"))
    assert value["model"] == {"layers": ["Flatten"]}
    assert value["train"]["metrics"] == []


def test_a_chain_of_files_is_followed_from_folder_to_folder(write):
    write("middle/middle.yaml", "extends: ../base.yaml\nseed: 7\ntrain: {epochs: 5}")
    spec = load(write("own.yaml", "extends: middle/middle.yaml\ntrain: {batch_size: 8}")).spec
    assert (spec.name, spec.seed, spec.train.epochs, spec.train.batch_size) == ("own", 7, 5, 8)


def test_a_problem_is_located_in_the_file_it_comes_from(write):
    write("middle.yaml", "extends: base.yaml\ntrain:\n  epochs: 0")
    problem = problem_of(write("own.yaml", "extends: middle.yaml\nseed: 1"))
    assert problem.place == (str(write("middle.yaml", "").resolve()), 3, 11)


def test_problems_of_the_file_come_before_those_of_its_base_and_of_the_command_line(write):
    write("wrong.yaml", BASE.replace("epochs: 3", "epochs: none"))
    path = write("own.yaml", "extends: wrong.yaml\n" + "\n" * 20 + "seed: one")
    with pytest.raises(SpecError) as caught:
        load(path, ["name=?"])
    assert [problem.path for problem in caught.value.problems] == [("seed",), ("train", "epochs"), ("name",)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: missing.yaml", "no such file: '{folder}/missing.yaml'"),
        ("extends: bse.yaml", "no such file: '{folder}/bse.yaml'; did you mean 'base.yaml'?"),
        ("extends: 3", "expected the path of another spec"),
        ("extends: ''", "expected the path of another spec"),
        ("extends: .", "'{folder}' is a folder, not a spec; for a folder of images, 'cnncli init {folder}' writes one"),
        ("extends: own.yaml", "'own.yaml' leads back to this file"),
        ('extends: "a\\0b"', "'a\0b' is not a path: embedded null byte"),
    ],
)
def test_a_base_that_cannot_be_had_is_named_where_it_is_asked_for(write, tmp_path, text, message):
    path = write("own.yaml", f"seed: 1\n{text}")
    problem = problem_of(path)
    assert problem.message == message.format(folder=tmp_path)
    assert problem.place == (str(path), 2, 10)


def test_a_suffix_makes_no_file_a_near_one(write, tmp_path):
    write("tiny.yaml", "seed: 1")
    assert problem_of(tmp_path / "mnist.yaml").message.endswith("'cnncli init --template mnist' writes it here")
    assert "did you mean" not in problem_of(tmp_path / "pets.yaml").message


def test_two_files_that_extend_each_other_are_a_circle(write):
    write("one.yaml", "extends: two.yaml")
    assert "leads back" in problem_of(write("two.yaml", "extends: one.yaml")).message


def test_a_link_to_itself_is_no_path(write, tmp_path):
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    problem = problem_of(write("own.yaml", "extends: loop.yaml"))
    assert "'loop.yaml' is not a path" in problem.message or "no such file" in problem.message


def test_a_chain_has_an_end(write):
    for number in range(MAX_CHAIN + 1):
        path = write(f"{number}.yaml", f"extends: {number - 1}.yaml" if number else BASE)
    problem = problem_of(path)
    assert problem.message == f"more than {MAX_CHAIN} files extend each other"
    assert problem.place.file.endswith("1.yaml")


def test_a_base_that_is_no_mapping_is_not_ignored(write):
    base = write("list.yaml", "\n- Flatten")
    problem = problem_of(write("own.yaml", "extends: list.yaml\n" + BASE))
    assert problem.message == "a spec is a mapping with the keys data, model and train"
    assert problem.place == (str(base), 2, 1)


def test_a_mistake_in_the_yaml_of_a_base_is_located_there(write):
    base = write("broken.yaml", "seed: 1\nseed: 2\nextends: base.yaml")
    problem = problem_of(write("own.yaml", "extends: broken.yaml"), "train.epochs=2")
    assert (problem.message, problem.place) == ("the key 'seed' is already set at line 1", (str(base), 2, 1))


def test_a_spec_that_is_missing_is_named(tmp_path, write):
    assert (
        problem_of(tmp_path / "bas.yaml").message == f"no such file: '{tmp_path}/bas.yaml'; did you mean 'base.yaml'?"
    )


# --set


@each(
    "override, where, expected",
    [
        ("train.epochs=5", ("train", "epochs"), 5),
        ("train.batch_size=64", ("train", "batch_size"), 64),  # was not there
        ("name=a b", ("name",), "a b"),
        ("data.scale=[-1, 1]", ("data", "scale"), [-1, 1]),
        ("data.scale[0]=-1", ("data", "scale", 0), -1),
        ("data.scale.0=-1", ("data", "scale", 0), -1),
        ("model.layers[0].Conv2D.filters=16", ("model", "layers", 0, "Conv2D", "filters"), 16),
        ("model.layers.2.Dense.units=3", ("model", "layers", 2, "Dense", "units"), 3),
        ("model.layers[1]=GlobalAveragePooling2D", ("model", "layers", 1), "GlobalAveragePooling2D"),
        ("model.layers[1].Flatten.name=flat", ("model", "layers", 1), {"Flatten": {"name": "flat"}}),
        (
            "train.optimizer.Adam.epsilon=1e-3",
            ("train", "optimizer", "Adam"),
            {"learning_rate": 0.002, "epsilon": 1e-3},
        ),
        ("train.optimizer={SGD: {momentum: 0.9}}", ("train", "optimizer"), {"SGD": {"momentum": 0.9}}),
        ("train.class_weight=null", ("train", "class_weight"), None),
        ("name=a=b", ("name",), "a=b"),
    ],
)
def test_a_key_is_set_and_nothing_else(override, where, expected):
    document = with_sets(override)
    value = document.value
    for part in where:
        value = value[part]
    assert value == expected
    original = read(BASE, "base.yaml").value
    assert {key: document.value[key] for key in original if key != where[0]} == {
        key: original[key] for key in original if key != where[0]
    }
    assert original["model"]["layers"][0] == {"Conv2D": {"filters": 8, "kernel_size": 3, "activation": "relu"}}


@pytest.mark.parametrize("override", ["train.epochs=", "train.max_time= ", "name=", "model.layers[0].Conv2D.filters="])
def test_an_empty_value_is_refused_since_a_variable_of_the_shell_may_not_be_set(override):
    with pytest.raises(SpecError) as caught:
        with_sets(override)
    (problem,) = caught.value.problems
    name = override.partition("=")[0]
    assert problem.message.startswith(f"{name} has no value; a variable of the shell may not be set")
    assert problem.message.endswith(f"write {name}=null")


def test_nothing_takes_a_key_out():
    assert "epochs" not in with_sets("train.epochs=null").value["train"]
    assert with_sets("train.checkpoint.minutes=null").value["train"]["checkpoint"] == {"minutes": None}
    layers = with_sets("model.layers[0].Conv2D.activation=null").value["model"]["layers"]
    assert layers[0]["Conv2D"]["activation"] is None


def test_the_last_of_two_wins():
    assert with_sets("train.epochs=5", "train.epochs=6").value["train"]["epochs"] == 6


@each(
    "override, message, column",
    [
        ("train.epochs", "expected key=value, such as train.epochs=5", 1),
        ("=5", "expected key=value, such as train.epochs=5", 1),
        ("train..epochs=5", "expected key=value, such as train.epochs=5", 1),
        (".train=5", "expected key=value, such as train.epochs=5", 1),
        ("layers[x]=5", "expected key=value, such as train.epochs=5", 1),
        ("layers[0=5", "expected key=value, such as train.epochs=5", 1),
        ("extends=b.yaml", "'extends' cannot be set by hand: the files are read before; write it into the spec", 1),
        ("model.layers[3]=Flatten", "there is no item '3': the list has 3", 17),
        ("model.layers.first=Flatten", "there is no item 'first': the list has 3", 20),
        ("train[0]=1", "there is no item '0': it is not a list", 10),
        ("train.epochs.more=1", "it has no keys to set: it is '3'", 19),
        ("train.epochs=[1", "expected ',' or ']', but got the end of the text", 14),
        ("train.epochs=-01", "write -1, or '-01' in quotes: a leading zero is ambiguous", 14),
        ("train.epochs=010", "write 10, or '010' in quotes: a leading zero is ambiguous", 14),
        ("train.epochs=!!int 3", "tags such as '!!int' are not allowed", 14),
    ],
)
def test_an_override_that_leads_nowhere_is_told_with_its_place(override, message, column):
    with pytest.raises(SpecError) as caught:
        with_sets(override)
    (problem,) = caught.value.problems
    assert problem.message == message
    assert problem.place == (f"--set {override}", 1, column)


def test_all_overrides_that_lead_nowhere_are_told():
    with pytest.raises(SpecError) as caught:
        with_sets("epochs", "train.epochs=4", "train[0]=1")
    assert len(caught.value.problems) == 2


def test_an_override_is_checked_like_the_file_and_located_on_the_command_line(write):
    problem = problem_of(write("own.yaml", BASE), "train.epochs=ten")
    assert problem.message == "expected a whole number of 1 or more, got 'ten'"
    assert problem.place == ("--set train.epochs=ten", 1, 14)


def test_a_misspelt_override_is_told_the_right_word(write):
    problem = problem_of(write("own.yaml", BASE), "train.epoch=3")
    assert problem.message == "unknown key; did you mean 'epochs'?"
    assert problem.place == ("--set train.epoch=3", 1, 1)


def test_an_override_mends_what_is_wrong_in_the_file(write):
    assert load(write("own.yaml", BASE.replace("epochs: 3", "epochs: 0")), ["train.epochs=2"]).spec.train.epochs == 2


def test_a_mistake_made_twice_is_located_where_it_was_made_last(write):
    problem = problem_of(write("own.yaml", BASE), "train.epoch=3", "train.epoch=4")
    assert problem.place == ("--set train.epoch=4", 1, 1)


def test_what_stood_in_the_place_of_a_value_set_by_hand_is_no_longer_pointed_at(write):
    override = "model.layers=[Flatten, {Dense: {units: 0}}]"
    problem = problem_of(write("own.yaml", BASE), override)
    assert problem.place == (f"--set {override}", 1, 14)
