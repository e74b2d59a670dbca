"""The table of layers, against the parameters that T1's author prints and against counting by hand."""

import json

import pytest

pytestmark = pytest.mark.slow

RESIDUAL = """data: {source: cifar10}
model:
  blocks:
    residual:
      parameters: {filters: 16, strides: 1}
      layers:
        - Conv2D: {filters: $filters, kernel_size: 3, strides: $strides, padding: same, use_bias: false}
        - BatchNormalization: {name: main}
        - Conv2D: {filters: $filters, kernel_size: 1, strides: $strides, inputs: input, name: shortcut}
        - Add: {inputs: [main, shortcut]}
        - ReLU
  layers:
    - Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu}
    - residual: {strides: 2}
    - residual
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
train:
  batch_size: 64
"""


@pytest.fixture
def residual(tmp_path):
    """A spec with two residual blocks."""
    file = tmp_path / "residual.yaml"
    file.write_text(RESIDUAL)
    return file


def test_the_three_stage_network_has_the_known_parameters(call):
    result = call("summary", "configs/three_stage.yaml")
    rows = {words[1]: words for line in result.out.splitlines() if len(words := line.split()) > 1}
    parameters = [rows[name][3] for name in ("conv2d_1", "conv2d_2", "conv2d_3", "dense_1", "dense_2")]
    assert parameters == ["208", "2,080", "8,256", "512,500", "5,010"]
    assert rows["conv2d_1"] == ["13", "conv2d_1", "32×32×16", "208", "197", "k", "2", "64.0", "KiB"]
    assert rows["max_pooling2d_3"][4:] == ["15", "4.0", "KiB"]
    assert "total                           528,054  1.76 M" in result.out
    assert "parameters  528,054: all trained" in result.out
    assert "one image   1.76 M multiply-adds (MACs), 3.62 M FLOPs" in result.out
    assert max(map(len, result.out.splitlines())) <= 80


def test_a_graph_is_shown_with_the_lines_of_its_blocks_in_80_columns(call, residual):
    result = call("summary", residual)
    rows = [line.split() for line in result.out.splitlines()]
    found = {words[1]: (words[0], words[-1]) for words in rows if len(words) > 3}
    assert found["residual_1.conv2d_1"] == ("7", "5")
    assert found["residual_2.conv2d_1"] == ("7", "9")
    assert found["residual_2.shortcut"] == ("9", "5")
    assert found["dense_1"] == ("17", "image")
    assert max(map(len, result.out.splitlines())) <= 80
    assert "at batch size 64, plus TensorFlow itself" in result.out
    assert "64 statistics of normalisation" in result.out
    wide = call("summary", residual, "--wide").out.splitlines()
    assert wide[0].split() == [
        *(
            "line",
            "layer",
            "kind",
            "arguments",
            "output",
            "parameters",
            "share",
            "MACs",
            "FLOPs",
            "field",
            "output",
            "memory",
        ),
        "activations",
    ]
    assert "Conv2D                  3×3, stride 2  16×16×16" in next(line for line in wide if "residual_1.conv" in line)


def test_everything_is_in_the_json_and_the_picture_is_drawn_beside_it(call, residual, tmp_path):
    picture = tmp_path / "network.png"
    result = call("summary", residual, "--json", "--plot", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in result.err
    shown = json.loads(result.out)
    rows = {row["name"]: row for row in shown["rows"]}
    add = rows["residual_1.add_1"]
    assert [shown["rows"][index]["name"] for index in add["inputs"]] == ["residual_1.main", "residual_1.shortcut"]
    assert (add["file"], add["line"]) == (str(residual), 10)
    assert (add["path"], add["receptive_field"]) == (["model", "blocks", "residual", "layers", 3], [5, 5])
    assert (rows["scale"]["line"], rows["dense_1"]["receptive_field"]) == (None, "image")
    assert sum(row["macs"] for row in shown["rows"]) == shown["macs"]
    assert shown["flops"] > 2 * shown["macs"]
    assert (shown["parameters"], shown["trainable"]) == (
        (216 + 8) + (1152 + 64 + 144) + (2304 + 64 + 272) + 170,
        (216 + 8) + (1152 + 32 + 144) + (2304 + 32 + 272) + 170,
    )
    assert shown["weight_bytes"] == 4 * shown["parameters"] == shown["training"]["weights"]
    assert shown["training"]["batch_size"] == 64
    assert shown["training"]["total"] > 2 * shown["weight_bytes"]


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("network.jpg", 2, "must end in .png"),
        ("missing/network.png", 2, "does not exist"),
        ("folder.png", 5, "cannot be written"),
    ],
)
def test_a_picture_that_cannot_be_written_is_told(call, tmp_path, path, code, said):
    (tmp_path / "folder.png").mkdir()
    result = call("summary", "configs/mnist.yaml", "--plot", tmp_path / path)
    assert (result.code, said in result.err) == (code, True)


def test_lines_of_another_file_and_of_the_command_line_are_named(call, residual):
    child = residual.with_name("child.yaml")
    child.write_text("extends: residual.yaml\ntrain: {epochs: 2}\n")
    assert "residual.yaml:13  conv2d_1" in call("summary", child).out
    result = call("summary", residual, "--set", "model.layers[0]=Identity")
    assert "--set  identity_1" in result.out


def test_a_run_is_summarized_by_name(call, trained):
    result = call("summary", "small-001", "--runs-dir", trained)
    assert result.code == 0
    assert "13,610" in result.out


def test_a_layer_that_only_keras_refuses_is_located(call, tmp_path):
    file = tmp_path / "misfit.yaml"
    file.write_text(
        "data: {source: mnist}\nmodel:\n  layers:\n    - ReLU\n"
        "    - SpectralNormalization: {layer: ReLU}\n    - Flatten\n"
        "    - Dense: {units: classes, activation: softmax}\n"
    )
    for command in (["summary", file], ["check", "--build", file]):
        result = call(*command)
        assert result.code == 2
        shown = result.out if command[0] == "check" else result.err
        assert f"{file}: 1 problem" in shown
        assert "5:7 " in shown
        assert "28×28×1" in shown


def test_layers_of_a_model_inside_are_listed_below_it_on_demand():
    from cnncli.cli.summary import _listed
    from cnncli.records import LayerRow

    inner = LayerRow("conv1", "Conv2D", (4, 4, 8), 0, 0, 0)
    rows = (LayerRow("backbone", "MobileNetV2", (4, 4, 8), 0, 0, 0, inside=(inner, inner)), inner)
    assert [row.name for row in _listed(rows, expand=False)] == ["backbone", "conv1"]
    assert [row.name for row in _listed(rows, expand=True)] == ["backbone", "  conv1", "  conv1", "conv1"]


def test_the_network_is_printed_as_mermaid(call, residual):
    result = call("summary", residual, "--format", "mermaid")
    assert result.out.startswith("flowchart TB\n")
    assert '["residual_1"]' in result.out
    assert "box0 --> box1" in result.out
