"""`cnncli check` as a person meets it: in a process of its own."""

import subprocess
import sys

SEVEN_MISTAKES = """\
data:
  source: minst
  scale: [1, 0]
model:
  layers:
    - Conv2D: {filters: 8, kernal_size: 3}
    - MaxPool: {pool_size: 2}
    - Flatten
    - Dense: {units: -1, activation: softmax}
train:
  epochs: ten
  optimzer: adam
"""


def run(*arguments):
    program = [sys.executable, "-m", "cnncli"]
    return subprocess.run([*program, *arguments], capture_output=True, text=True, check=False)


def test_seven_mistakes_are_seven_located_problems(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text(SEVEN_MISTAKES)
    result = run("check", str(file))
    assert (result.returncode, result.stderr) == (2, "")
    heading, *lines = result.stdout.splitlines()
    assert heading.endswith("7 problems")
    assert [line.split()[0] for line in lines] == ["2:11", "3:10", "6:28", "7:7", "9:22", "11:11", "12:3"]


def test_the_shipped_spec_is_ok():
    result = run("check", "configs/mnist.yaml")
    assert (result.returncode, result.stdout, result.stderr) == (
        0,
        "configs/mnist.yaml: ok (images not looked at; to do so: --data)\n",
        "next: cnncli train configs/mnist.yaml\n",
    )


def test_warnings_are_findings_too(call, tmp_path):
    file = tmp_path / "legal.yaml"
    file.write_text(
        "data: {source: mnist}\nmodel:\n  layers:\n    - Dropout: {rate: 0.9}\n    - Flatten\n"
        "    - Dense: {units: classes, activation: softmax}\n"
    )
    result = call("check", file, "--set", "name=my-run")
    heading, finding, verdict = result.out.splitlines()
    assert (result.code, result.err) == (0, f"next: cnncli train {file} --set name=my-run\n")
    assert (heading, verdict) == (f"{file}: 1 warning", f"{file}: ok (images not looked at; to do so: --data)")
    assert (finding.split()[0], finding.split()[-1]) == ("4:23", "[dropout-rate]")


def test_several_specs_are_checked_each_by_its_name(call, tmp_path):
    good, bad, empty = (tmp_path / f"{name}.yaml" for name in ("good", "bad", "empty"))
    layers = "model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}\n"
    good.write_text("data: {source: mnist}\n" + layers)
    bad.write_text("data: {source: mnist}\ntrain: {epochs: ten}\n" + layers)
    empty.write_text(f"data: {{source: {{folder: {{path: {tmp_path / 'nothing'}}}}}}}\n" + layers)
    result = call("check", good, bad)
    assert (result.code, result.err) == (2, "")
    assert result.out.splitlines()[:2] == [f"{good}: ok (images not looked at; to do so: --data)", f"{bad}: 1 problem"]
    assert call("check", good, good).code == 0
    result = call("check", empty, bad, "--data")
    assert (result.code, f"{bad}: 1 problem" in result.out) == (3, True)
    assert f"{empty}: error: {tmp_path / 'nothing'} does not exist" in result.err


def test_an_override_is_checked_like_the_file(tmp_path):
    result = run("check", "configs/mnist.yaml", "--set", "train.epochs=ten")
    assert result.returncode == 2
    assert "--set train.epochs=ten" in result.stdout


def test_the_schema_accepts_the_shipped_spec():
    import json

    assert json.loads(run("schema").stdout)["properties"]["data"]
