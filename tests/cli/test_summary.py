"""The table of layers, against the parameters that T1's author prints and against counting by hand."""

import json

import pytest

pytestmark = pytest.mark.slow


def test_the_three_stage_network_has_the_known_parameters(call):
    result = call("summary", "configs/three_stage.yaml")
    rows = {line.split()[0]: line.split() for line in result.out.splitlines() if line}
    parameters = [rows[name][3] for name in ("conv2d_1", "conv2d_2", "conv2d_3", "dense_1", "dense_2")]
    assert parameters == ["208", "2,080", "8,256", "512,500", "5,010"]
    assert rows["total"][1] == "528,054"
    assert rows["conv2d_1"][5] == f"{32 * 32 * 16 * 2 * 2 * 3:,}"
    assert "trainable  528,054 of 528,054 parameters, 0 not" in result.out
    assert max(map(len, result.out.splitlines())) <= 80


def test_statistics_of_batch_normalization_are_not_trainable(call, tmp_path):
    file = tmp_path / "normalized.yaml"
    file.write_text(
        "data: {source: mnist}\nmodel:\n  layers:\n    - Conv2D: {filters: 4, kernel_size: 3, use_bias: false}\n"
        "    - BatchNormalization\n    - ReLU\n    - GlobalAveragePooling2D\n"
        "    - Dense: {units: classes, activation: softmax}\n"
    )
    shown = json.loads(call("summary", file, "--json").out)
    assert (shown["parameters"], shown["trainable"]) == (36 + 16 + 50, 36 + 8 + 50)
    assert shown["weight_bytes"] == 4 * shown["parameters"]


def test_a_run_is_summarized_by_name(call, trained):
    result = call("summary", "small-001", "--runs-dir", trained)
    assert result.code == 0
    assert "13,610" in result.out


def test_a_layer_that_only_keras_refuses_is_located(call, tmp_path):
    file = tmp_path / "misfit.yaml"
    file.write_text(
        "data: {source: mnist}\nmodel:\n  layers:\n    - ZeroPadding2D: {padding: 1}\n"
        "    - MaxPooling2D: {pool_size: 31}\n    - Flatten\n    - Dense: {units: classes, activation: softmax}\n"
    )
    for command in (["summary", file], ["check", "--build", file]):
        result = call(*command)
        assert result.code == 2
        assert f"{file}: 1 problem" in result.err
        assert "5:7 " in result.err
        assert "30×30×1" in result.err
