"""What may be named, and its arguments."""


def test_everything_is_listed_by_family(call):
    shown = call("layers").out
    words = ("layers", "Conv2D", "whole networks", "VGG16", "optimizers", "CosineDecay", "augmentations", "RandomFlip")
    for word in words:
        assert word in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_the_arguments_of_one_have_defaults_and_kinds(call):
    lines = call("layers", "Conv2D").out.splitlines()
    assert lines[0].startswith("Conv2D   layer: ")
    rows = {line.split()[0]: line.split() for line in lines[2:-2]}
    assert rows["filters"][1] == "required"
    assert rows["padding"][1:] == ["valid", "one", "of", "valid,", "same"]
    assert rows["strides"][1:3] == ["[1,", "1]"]
    assert lines[-1] == "Like every layer of a spec it also takes name, inputs and repeat: cnncli explain repeat"
    assert "Like every layer" not in call("layers", "Adam").out


def test_what_is_refused_is_told_with_the_reason_and_what_is_unknown_with_the_nearest_word(call):
    refused = call("layers", "Lambda")
    assert (refused.code, "cannot be used: " in refused.err) == (2, True)
    unknown = call("layers", "Conv2")
    assert (unknown.code, "did you mean 'Conv2D'?" in unknown.err) == (2, True)
