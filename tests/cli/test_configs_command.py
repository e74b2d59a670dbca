"""`cnncli configs` as a person and a program meet it."""

import json
from pathlib import Path

import pytest

from cnncli.spec.reader import read
from cnncli.spec.shipped import Shipped


def test_the_list_names_each_spec_with_what_it_reaches(call):
    result = call("configs")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].split() == ["name", "accuracy", "what", "it", "is"]
    mnist = next(line for line in lines if line.split()[0] == "mnist")
    assert mnist.split()[1:4] == ["0.9764", "MNIST", "with"]
    assert lines[-1] == "next: cnncli init --template NAME"


def test_a_program_reads_the_list_as_json(call):
    rows = {row["name"]: row for row in json.loads(call("configs", "--json").out)}
    assert rows["mnist"]["accuracy"] == 0.9764
    assert all(set(row) == {"name", "accuracy", "description"} for row in rows.values())


def test_one_is_printed_so_that_it_stands_alone(call):
    printed = call("configs", "mnist/deeper").out
    assert printed.startswith("# Two convolutions before the pooling layer.")
    assert read(printed, "deeper.yaml").value["data"]["source"] == "mnist"
    assert call("configs", "configs/mnist/deeper.yaml").out == printed


def test_a_name_that_is_misspelt_gets_the_right_word(call):
    result = call("configs", "minst")
    assert (result.code, result.out) == (2, "")
    assert "did you mean 'mnist'?" in result.err


def test_few_test_images_are_told_beside_the_accuracy(call):
    line = next(line for line in call("configs").out.splitlines() if line.startswith("transfer_mobilenet"))
    assert line.split()[1] == "1.0000"
    assert line.endswith("(accuracy on 32 test images)")
    assert call("configs").out.count("test images)") == 1


@pytest.mark.parametrize(
    ("heading", "images"),
    [
        ("Test accuracy 1.0000 on 32 of 206 photographs, in 40 s.", 32),
        ("Test accuracy 0.9375 (2 cores) on 16 of 80 photographs.", 16),
        ("Test accuracy 0.9915 after 20 epochs.", None),
    ],
)
def test_the_number_of_test_images_is_that_of_the_heading(heading, images):
    assert Shipped("a", Path("a.yaml"), (heading,)).test_images == images
