"""What could explain another number is recorded, and named when it is not as it was."""

from __future__ import annotations

import os

import pytest

from cnncli.runs import RunDir

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def here():
    from cnncli.runner.environment import environment

    return environment()


def test_a_command_with_a_file_name_that_is_no_text_can_be_recorded(tmp_path):
    from cnncli.runner.training.run_files import command_line

    run = RunDir(tmp_path)
    run.write_json("environment.json", {"command": command_line(["train", "café.yaml", os.fsdecode(b"caf\xe9.yaml")])})
    assert run.read_json("environment.json")["command"] == ["train", "café.yaml", r"caf\udce9.yaml"]


def test_nothing_differs_from_itself(here):
    from cnncli.runner.environment import differences

    assert differences(here, here) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"devices": ["GPU:0", "GPU:1"]}, "devices GPU:0 and GPU:1, now one"),
        ({"threads": 77}, "number of threads 77, now "),
        ({"processor": "another"}, "processor another, now "),
        ({"packages": {"keras": "3.14.0"}}, "keras 3.14.0, now 3."),
        ({"packages": "nonsense"}, "tensorflow None, now 2."),
        ({"onednn": "another"}, "oneDNN setting another, now "),
    ],
)
def test_what_differs_is_named(here, change, told):
    from cnncli.runner.environment import differences

    assert any(text.startswith(told) for text in differences({**here, **change}, here))


def test_other_versions_of_what_computes_nothing_are_not_worth_a_word(here):
    from cnncli.runner.environment import differences

    assert differences({**here, "packages": {**here["packages"], "pillow": "1.0"}, "python": "2.7"}, here) == []
