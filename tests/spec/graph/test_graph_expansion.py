"""Blocks and repeats written out: which layers there are, what each one takes, and with which values."""

import pytest

from cnncli.spec import Spec, load, parse
from cnncli.spec.graph import expansion, read_network
from cnncli.spec.reader import read

RESIDUAL = {
    "parameters": {"filters": None, "strides": 1, "project": 0},
    "layers": [
        {"Conv2D": {"filters": "$filters", "kernel_size": 3, "strides": "$strides", "padding": "same"}},
        {"BatchNormalization": {"name": "main"}},
        {"Conv2D": {"filters": "$filters", "kernel_size": 1, "strides": "$strides", "name": "shortcut",
                    "inputs": "input", "repeat": "$project"}},
        {"Add": {"inputs": ["main", "shortcut"]}},
    ],
}  # fmt: skip


def network(*layers, **blocks):
    problems = []
    found = read_network(blocks, layers, problems)
    assert not problems
    return found


def shown(*layers, **blocks):
    """`0 conv2d_1 ← -1` for every node."""
    nodes = network(*layers, **blocks).nodes
    return [f"{i} {node.name} ← {', '.join(map(str, node.inputs))}" for i, node in enumerate(nodes)]


def test_a_plain_list_is_a_row():
    assert shown("ReLU", "Flatten", "ReLU") == ["0 re_lu_1 ← -1", "1 flatten_1 ← 0", "2 re_lu_2 ← 1"]


def test_inputs_lead_to_the_layers_they_name():
    assert shown(
        {"ReLU": {"name": "stem"}},
        {"Dropout": {"rate": 0.1, "name": "left"}},
        {"Dropout": {"rate": 0.2, "name": "right", "inputs": "stem"}},
        {"Concatenate": {"inputs": ["left", "right", "input", "stem"]}},
        "Flatten",
    ) == ["0 stem ← -1", "1 left ← 0", "2 right ← 0", "3 concatenate_1 ← 1, 2, -1, 0", "4 flatten_1 ← 3"]


def test_the_input_of_a_block_is_what_its_use_takes():
    use = {"residual": {"filters": 8, "project": 1, "inputs": "stem", "name": "block"}}
    layers = [{"ReLU": {"name": "stem"}}, {"Flatten": {"name": "flat"}}, use, {"Add": {"inputs": ["flat", "block"]}}]
    assert shown(*layers, residual=RESIDUAL)[2:] == [
        "2 block.conv2d_1 ← 0", "3 block.main ← 2", "4 block.shortcut ← 0", "5 block.add_1 ← 3, 4", "6 add_1 ← 1, 5"
    ]  # fmt: skip


def test_a_layer_left_out_stands_for_its_input():
    plain = ["ReLU", {"residual": {"filters": 8}}, "Flatten"]
    assert shown(*plain, residual=RESIDUAL)[1:] == [
        "1 residual_1.conv2d_1 ← 0", "2 residual_1.main ← 1", "3 residual_1.add_1 ← 2, 0", "4 flatten_1 ← 3"
    ]  # fmt: skip
    assert shown("ReLU", {"Flatten": {"repeat": 0}}) == ["0 re_lu_1 ← -1"]
    assert shown({"residual": {"filters": 8, "repeat": 0}}, "ReLU", residual=RESIDUAL) == ["0 re_lu_1 ← -1"]


def test_each_repetition_takes_the_one_before_and_the_name_is_that_of_the_last():
    assert shown(
        {"ReLU": {"name": "stem"}}, {"residual": {"filters": 8, "repeat": 2, "name": "stage"}},
        {"Add": {"inputs": ["stem", "stage"]}}, residual=RESIDUAL,
    ) == [
        "0 stem ← -1", "1 stage_1.conv2d_1 ← 0", "2 stage_1.main ← 1", "3 stage_1.add_1 ← 2, 0",
        "4 stage_2.conv2d_1 ← 3", "5 stage_2.main ← 4", "6 stage_2.add_1 ← 5, 3", "7 add_1 ← 0, 6",
    ]  # fmt: skip


def test_values_reach_the_layers_wherever_they_stand():
    block = {
        "parameters": {"size": [3, 5], "penalty": {"L2": {"l2": 1e-3}}, "act": "relu", "filters": 16,
                       "wide": "$filters * 4"},
        "layers": [
            {"Conv2D": {"filters": "$wide", "kernel_size": "$size", "strides": ["$filters // 16", 1],
                        "activation": "$act", "kernel_regularizer": "$penalty",
                        "bias_regularizer": {"L2": {"l2": "$filters / 1000"}}}}
        ],
    }  # fmt: skip
    first, second = network("block", {"block": {"filters": 32, "act": "gelu", "size": 3}}, block=block).nodes
    assert first.entry.plain() == {
        "Conv2D": {"filters": 64, "kernel_size": [3, 5], "strides": [1, 1], "activation": "relu",
                   "kernel_regularizer": {"L2": {"l2": 1e-3}}, "bias_regularizer": {"L2": {"l2": 0.016}}}
    }  # fmt: skip
    assert second.entry.arguments["filters"] == 128
    assert second.entry.arguments["activation"] == "gelu"
    assert second.parameters == {"size": 3, "penalty": {"L2": {"l2": 1e-3}}, "act": "gelu", "filters": 32, "wide": 128}


def test_a_block_hands_its_parameters_on_to_the_blocks_it_uses():
    stage = {
        "parameters": {"filters": None, "blocks": 2},
        "layers": [{"residual": {"filters": "$filters * 2", "strides": 2, "project": 1}},
                   {"residual": {"filters": "$filters * 2", "repeat": "$blocks - 1"}}],
    }  # fmt: skip
    nodes = network({"stage": {"filters": 8, "blocks": 3}}, stage=stage, residual=RESIDUAL).nodes
    assert [node.entry.get("filters") for node in nodes if node.entry.name == "Conv2D"] == [16] * 4
    assert [node.name for node in nodes][::3] == [
        "stage_1.residual_1.conv2d_1", "stage_1.residual_1.add_1",
        "stage_1.residual_2.add_1", "stage_1.residual_3.add_1",
    ]  # fmt: skip
    assert nodes[0].path == ("model", "blocks", "residual", "layers", 0)
    assert nodes[0].uses == (("model", "layers", 0), ("model", "blocks", "stage", "layers", 0))


def test_what_is_never_used_is_known_and_what_is_left_out_is_used():
    blocks = {"inner": {"layers": ["ReLU"]}, "outer": {"layers": ["inner"]}, "other": {"layers": ["inner"]}}
    assert network({"outer": {"repeat": 0}}, "ReLU", **blocks).unused == ("other",)


def test_many_layers_are_written_out_and_more_are_refused(monkeypatch):
    monkeypatch.setattr(expansion, "MOST_LAYERS", 30)
    block = {"layers": [{"ReLU": {"repeat": 5}}]}
    assert len(network({"block": {"repeat": 5}}, block=block).nodes) == 25
    problems = []
    read_network({"block": block}, [{"block": {"repeat": 6}}], problems)
    assert [(each.path, each.message) for each in problems] == [
        (("model", "layers", 0), "expanded, the network has more than 30 layers and uses of blocks")
    ]


TEXT = """\
data: {source: mnist}
model:
  blocks:
    twice:
      parameters: {units: null, rate: 0.1}
      layers:
        - Dense: {units: $units * 2, activation: relu}
        - Dropout: {rate: $rate, repeat: 2, name: first}
        - Concatenate: {inputs: [first, input]}
  layers:
    - Flatten
    - twice: {units: 8, repeat: 2}
    - Dense: {units: classes, activation: softmax}
"""


def test_a_spec_is_kept_as_written_and_reads_back_to_the_same_nodes():
    spec = parse(read(TEXT, "a.yaml")).spec
    plain = spec.plain()["model"]
    assert plain["layers"][1] == {"twice": {"units": 8, "repeat": 2}}
    assert plain["blocks"]["twice"]["layers"][0]["Dense"]["units"] == "$units * 2"
    again = Spec.read(spec.plain(), (), [])
    assert again == spec
    assert again.model.nodes == spec.model.nodes
    assert len(again.model.nodes) == 10


@pytest.mark.parametrize(
    ("own", "units"),
    [
        ("model: {blocks: {twice: {parameters: {units: 3}}}}", [16, 16]),  # a default; the use still says 8
        ("model: {blocks: {twice: {layers: [{Dense: {units: $units + 1}}]}}}", [9, 9]),  # lists are replaced whole
        ("model: {blocks: {other: {layers: [ReLU]}}}", [16, 16]),  # blocks are added one by one
    ],
)
def test_a_spec_that_extends_another_changes_its_blocks_key_by_key(tmp_path, own, units):
    (tmp_path / "base.yaml").write_text(TEXT)
    (tmp_path / "own.yaml").write_text(f"extends: base.yaml\n{own}")
    nodes = load(tmp_path / "own.yaml").spec.model.nodes
    assert [node.entry.get("units") for node in nodes if node.entry.name == "Dense"] == [*units, "classes"]


def test_set_reaches_into_blocks_and_their_uses(tmp_path):
    (tmp_path / "a.yaml").write_text(TEXT)
    overrides = [
        "model.layers[1].twice.units=5",
        "model.blocks.twice.parameters.rate=0.3",
        "model.layers[1].twice.repeat=1",
    ]
    nodes = load(tmp_path / "a.yaml", overrides).spec.model.nodes
    assert nodes[1].entry.get("units") == 10
    assert nodes[2].entry.get("rate") == 0.3
    assert len(nodes) == 6
