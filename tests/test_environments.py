"""Whatever is set for other programs, a command gives the same digits as without, or a sentence and its exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageOps

from cnncli import load_spec, open_run, train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="runs programs with a shell"),
]

SPEC = """\
name: tiny
data:
  source: {folder: {path: ../images}}
  image: {size: 8}
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
    - BatchNormalization
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
train: {epochs: 2, batch_size: 8}
"""

COMMANDS = {
    "check": ["check", "tiny.yaml"],
    "train": ["train", "tiny.yaml"],
    "evaluate": ["evaluate", "tiny-001", "--json"],
    "predict": ["predict", "../images", "--run", "tiny-001", "--json"],
    "doctor": ["doctor"],
}

# Runs commands one after the other in a process that is cnncli's own, and writes what each gave.
DRIVER = """
import json, os, sys
from cnncli.cli import main

results, captured = {}, sys.argv[2] == "captured"
streams = captured and (os.dup(1), os.dup(2))
for name, arguments in json.loads(sys.argv[1]).items():
    sys.argv = ["cnncli", *arguments]
    for number, suffix in ((1, "out"), (2, "err")) if captured else ():
        file = os.open(f"{name}.{suffix}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)
    try:
        main()
    except SystemExit as end:
        results[name] = end.code
    if captured:
        sys.stdout.flush()
        os.dup2(streams[0], 1), os.dup2(streams[1], 2)
with open("codes.json", "w") as file:
    json.dump(results, file)
"""


class Given(NamedTuple):
    """What commands gave in one folder."""

    folder: Path
    codes: dict[str, int]
    stderr: dict[str, str]

    def digits(self) -> dict[str, object]:
        """Everything that a network has computed."""
        run = self.folder / "runs" / "tiny-001"
        history = [line.split(",") for line in (run / "history.csv").read_text().splitlines()]
        at = history[0].index("seconds")
        given: dict[str, object] = {
            "history": [row[:at] + row[at + 1 :] for row in history],
            **{name: (run / name).read_text() for name in ("metrics.json", "predictions.csv", "report.txt")},
            "weights": (run / "weights" / "last.weights.h5").read_bytes(),
        }
        for command in ("evaluate", "predict"):
            if (output := self.folder / f"{command}.out").exists():
                given[command] = output.read_text()
        return given


@pytest.fixture(scope="session")
def work(tmp_path_factory) -> Path:
    """A folder with images, beside which each test has its own."""
    folder, random = tmp_path_factory.mktemp("environments"), np.random.default_rng(0)
    for name, color in {"blue": (40, 40, 200), "green": (40, 200, 40), "red": (200, 40, 40)}.items():
        (folder / "images" / name).mkdir(parents=True)
        for number in range(9):
            pixels = np.array(color) + random.integers(-35, 36, (8, 8, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / name / f"{number}.png")
    (folder / "home").mkdir()
    return folder


def carry_out(work: Path, name: str, variables=None, shell: str = "", commands=tuple(COMMANDS), without=()) -> Given:
    """Carries out commands in a process with these variables, or one that a line of shell starts otherwise."""
    folder = work / name
    folder.mkdir()
    (folder / "tiny.yaml").write_text(SPEC)
    usual = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}
    usual |= {"HOME": str(work / "home"), "CNNCLI_CACHE_DIR": str(work / "cache")}
    environment = {key: value for key, value in {**usual, **(variables or {})}.items() if key not in without}
    program = [sys.executable, "-c", DRIVER, json.dumps({each: COMMANDS[each] for each in commands})]
    started = ["/bin/sh", "-c", f'{shell or "exec"} "$@"', "sh", *program, "captured" if variables else "shown"]
    done = subprocess.run(started, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (folder / "codes.json").exists(), done.stderr
    codes = json.loads((folder / "codes.json").read_text())
    stderr = {each: (folder / f"{each}.err").read_text(errors="replace") for each in commands if variables}
    assert "Traceback" not in done.stderr + "".join(stderr.values())
    assert "bug in cnncli" not in done.stderr + "".join(stderr.values())
    return Given(folder, codes, stderr)


def assert_same_digits(given: Given, clean: Given) -> None:
    """Whatever was captured of what a network computed is what a clean environment gave."""
    assert given.codes == clean.codes
    expected, digits = clean.digits(), given.digits()
    assert [name for name, value in digits.items() if value != expected[name]] == []


@pytest.fixture(scope="session")
def clean(work) -> Given:
    given = carry_out(work, "clean", {"LANG": "C.UTF-8"})
    assert {**given.codes, "doctor": 0} == dict.fromkeys(COMMANDS, 0)
    return given


def keras_json(work: Path, text: str) -> str:
    """A home folder with this keras.json."""
    home = work / f"home-{abs(hash(text))}"
    (home / ".keras").mkdir(parents=True, exist_ok=True)
    (home / ".keras" / "keras.json").write_text(text)
    return str(home)


ODD_KERAS = (
    '{"floatx": "float64", "epsilon": 0.1, "image_data_format": "channels_first", '
    '"backend": "jax", "nnx_enabled": true}'
)

SAME = (
    {
        "HOME": ODD_KERAS,
        "KERAS_BACKEND": "nonsense",
        "KERAS_NNX_ENABLED": "1",
        "KERAS_MAX_EPOCHS": "nonsense",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONWARNINGS": "error",
        "PYTHONHASHSEED": "7",
        "PYTHONDEVMODE": "",
        "PYTHONUNBUFFERED": "1",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "TZ": "Nowhere/Never",
        "TERM": "dumb",
        "COLUMNS": "1",
        "NO_COLOR": "1",
        "LINES": "nonsense",
        "TMPDIR": "/dev/null/x",
        "XDG_CACHE_HOME": "relative",
    },
    {
        "HOME": "{nonsense",
        "KERAS_BACKEND": "",
        "KERAS_MAX_EPOCHS": "1",
        "KERAS_MAX_STEPS_PER_EPOCH": "1",
        "TF_USE_LEGACY_KERAS": "1",
        "MPLBACKEND": "nonsense",
        "MPLCONFIGDIR": "/dev/null/x",
        "MATPLOTLIBRC": "/dev/null/x",
        "PYTHONOPTIMIZE": "2",
        "PYTHONIOENCODING": "ascii:strict",
        "TERM": "",
        "COLUMNS": "nonsense",
        "FORCE_COLOR": "1",
        "TF_ENABLE_ONEDNN_OPTS": "nonsense",
        "TF_NUM_INTRAOP_THREADS": "nonsense",
        "TF_CPP_MIN_LOG_LEVEL": "nonsense",
        "OMP_NUM_THREADS": "nonsense",
    },
    {
        "HOME": '{"floatx": "float16"}',
        "KERAS_BACKEND": "torch",
        "MPLBACKEND": "module://nowhere.at_all",
        "DISPLAY": ":77",
        "LC_ALL": "xx_YY.nonsense",
        "PYTHONIOENCODING": "latin-1",
        "TZ": "Asia/Kathmandu",
        "TF_NUM_INTRAOP_THREADS": "1000000",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "nonsense",
        "TF_FORCE_GPU_ALLOW_GROWTH": "nonsense",
        "TF_CONFIG": "{}",
        "CNNCLI_CACHE_DIR": "/dev/null/cache",
    },
)
"""Variables that change nothing, as many at once as there are values of one. Of HOME it is keras.json that is given."""

TOLD = {
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
    "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "NVIDIA_TF32_OVERRIDE": "0",
}
"""Variables that change how TensorFlow computes."""

SHELL = {
    "closed, private and with low limits": "umask 077; ulimit -n 128; ulimit -c 0; ulimit -s 4096; "
    "exec 0<&- 1>&- 2>&-; exec",
    "full": "exec 2>/dev/full; exec",
    "unknown user": "exec unshare --map-user=54321",
}
"""Ways to start a process that change nothing."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("variables", SAME, ids=range(len(SAME)))
def test_variables_that_change_nothing(work, clean, variables):
    home = keras_json(work, variables["HOME"])
    given = carry_out(work, f"same {home[-6:]}", {**variables, "HOME": home})
    assert_same_digits(given, clean)
    for told in ("CNNCLI_CACHE_DIR", "data.cache: off"):
        assert (told in given.stderr["train"]) == ("CNNCLI_CACHE_DIR" in variables)


@pytest.mark.exhaustive
def test_what_changes_results_is_told_and_recorded(work, clean):
    given = carry_out(work, "told", TOLD, commands=("train", "evaluate", "predict", "doctor"))
    assert {**given.codes, "doctor": 0} == dict.fromkeys(("train", "evaluate", "predict", "doctor"), 0)
    for command in ("train", "evaluate", "predict"):
        warning = next(line for line in given.stderr[command].splitlines() if "last digits" in line)
        assert [name for name in TOLD if name not in warning] == []
    shown = (given.folder / "doctor.out").read_text()
    assert [name for name in TOLD if name not in shown] == []
    recorded = json.loads((given.folder / "runs" / "tiny-001" / "environment.json").read_text())
    assert recorded["variables"] == {name: TOLD[name] for name in sorted(TOLD) if name[:6] not in ("TF_ENA", "TF_NUM")}
    assert (recorded["onednn"], recorded["threads"]) == ("0", 1)


@pytest.mark.exhaustive
def test_a_run_records_neither_the_host_nor_the_search_for_a_gpu(clean):
    run = clean.folder / "runs" / "tiny-001"
    assert "host" not in json.loads((run / "status.json").read_text())
    if not Path("/dev/nvidiactl").exists():
        assert "cuda" not in (run / "log.txt").read_text().lower()
    assert json.loads((run / "environment.json").read_text())["variables"] == {}


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", SHELL)
def test_ways_to_start_that_change_nothing(work, clean, case):
    if case == "unknown user" and subprocess.run(["unshare", "--map-user=54321", "true"], check=False).returncode:
        pytest.skip("users cannot be unknown here")
    given = carry_out(work, case, shell=SHELL[case], without=("HOME", "CNNCLI_CACHE_DIR")[: 2 * (case[0] == "u")])
    assert_same_digits(given, clean)


REFUSED = {
    "floatx": ("nonsense", "floatx"),
    "epsilon": ("nonsense", "epsilon"),
    "image_data_format": ("nonsense", "image_data_format"),
}


@pytest.mark.representatives("floatx")
@pytest.mark.parametrize("key", REFUSED)
def test_a_keras_json_that_keras_refuses_is_named(work, key):
    value, word = REFUSED[key]
    home = keras_json(work, json.dumps({key: value}))
    given = carry_out(work, f"refused {key}", {"HOME": home}, commands=("check", "train", "doctor"))
    assert given.codes == {"check": 0, "train": 5, "doctor": 5}
    assert word in given.stderr["train"]
    assert f"{home}/.keras/keras.json" in given.stderr["train"]


@pytest.mark.representatives("PROTOCOL")
@pytest.mark.parametrize("variable", ["TF_XLA_FLAGS", "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"])
def test_a_value_that_tensorflow_does_not_know_is_told_with_its_variable(work, variable):
    given = carry_out(work, f"unknown {variable}", {variable: "--nonsense"}, commands=("check", "train"))
    assert given.codes == {"check": 0, "train": 5}
    assert f"correct or unset the variable {variable}\n" in given.stderr["train"]
    assert "--nonsense" in given.stderr["train"]


def cnncli(*arguments: str, shell: str = 'exec "$@"', cwd=None) -> subprocess.CompletedProcess[str]:
    """A command, started by a line of shell."""
    line = ["/bin/sh", "-c", shell, "sh", sys.executable, "-m", "cnncli", *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("limit", "words"), [("-v 400000", "TensorFlow cannot be imported"), ("-f 0", "File too large")]
)
def test_limits_that_are_too_small_for_a_training(work, limit, words):
    folder = work / f"limit {limit}"
    folder.mkdir()
    (folder / "tiny.yaml").write_text(SPEC)
    done = cnncli("train", "tiny.yaml", shell=f'ulimit {limit}; exec "$@"', cwd=folder)
    assert (done.returncode, words in done.stderr) == (5, True), done.stderr


@pytest.mark.exhaustive
def test_a_training_whose_output_has_no_room_can_be_resumed(work, clean):
    folder = work / "no room"
    folder.mkdir()
    (folder / "tiny.yaml").write_text(SPEC)
    done = cnncli("train", "tiny.yaml", shell='exec "$@" >/dev/full', cwd=folder)
    assert (done.returncode, "No space left on device" in done.stderr) == (5, True)
    assert cnncli("resume", "tiny-001", cwd=folder).returncode == 0
    assert_same_digits(Given(folder, clean.codes, {}), clean)


@pytest.mark.exhaustive
def test_a_data_set_that_is_replaced_by_one_of_the_same_sizes_and_times(work, tmp_path, monkeypatch):
    """Measured with the pixels that are there, although the decoded ones are in the cache."""
    folder = work / "replaced"
    folder.mkdir()
    (folder / "tiny.yaml").write_text(SPEC.replace("../images", "images"))
    for file in (work / "images").glob("*/*"):
        place = folder / "images" / file.parent.name / f"{file.stem}.bmp"  # whose size does not depend on the pixels
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.open(file).save(place)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path))
    run = train(load_spec("tiny.yaml"))
    before = run.evaluate().metrics
    for place in (folder / "images").glob("*/*"):
        times = place.stat()
        ImageOps.invert(Image.open(place)).save(place)
        os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.warns(UserWarning, match="have changed"):
        evaluated = open_run(run.path).evaluate()
    assert evaluated.metrics != before


@pytest.mark.exhaustive
def test_what_tensorflow_calls_an_error_and_goes_on_after_is_not_shown(work):
    keys = ["train.precision=mixed_float16", "train.metrics=[accuracy, AUC]", "train.loss=CategoricalCrossentropy"]
    folder = work / "talkative"
    folder.mkdir()
    (folder / "tiny.yaml").write_text(SPEC)
    options = [option for key in keys for option in ("--set", key)]
    for arguments in (["train", "tiny.yaml", *options], ["evaluate", "tiny-001"]):
        done = cnncli(*arguments, cwd=folder)
        assert done.returncode == 0
        assert not re.search(r"^[EWIF]\d{4} |^\d{4}-\d\d-\d\d ", done.stderr, re.MULTILINE), done.stderr
