"""The devices of a spec are looked up on this machine."""

import pytest

from cnncli.errors import ResourceError

pytestmark = pytest.mark.slow


@pytest.fixture
def gpus(monkeypatch):
    """Makes this machine one with a number of graphics cards, and with a number of parts of its processor."""
    from cnncli.startup import tf

    def become(number, parts=1):
        counts = {"GPU": number, "CPU": parts}
        monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [None] * counts[kind])

    return become


@pytest.mark.parametrize(
    ("devices", "names"),
    [
        (None, ()),
        (1, ()),
        ("all", ("GPU:0", "GPU:1", "GPU:2")),
        (2, ("GPU:0", "GPU:1")),
        (["GPU:2"], ("GPU:2",)),
        (["GPU:2", "GPU:0"], ("GPU:2", "GPU:0")),
        (["CPU:0"], ("CPU:0",)),
    ],
)
def test_these_are_the_devices(gpus, devices, names):
    from cnncli.runner.execution.devices import device_names

    gpus(3)
    assert device_names(devices) == names


def test_all_devices_of_a_machine_without_graphics_cards_are_the_one_it_has(gpus):
    from cnncli.runner.execution.devices import device_names, number_here

    gpus(0)
    assert device_names("all") == ()
    assert number_here("all") == 1


@pytest.mark.parametrize(
    ("present", "devices", "message", "hint"),
    [
        (0, 2, "there is no device GPU:0: TensorFlow finds no GPU here, and 2 are asked for", "--devices CPU:0,CPU:1"),
        (1, 4, "there is no device GPU:1: TensorFlow finds 1 GPU here, and 4 are asked for", "use --devices 1"),
        (2, ["GPU:5"], "there is no device GPU:5: TensorFlow finds 2 GPUs here, and 1 is asked for", "use --devices 2"),
        (
            0,
            ["CPU:0", "CPU:1"],
            "TensorFlow has started with 1 part of the processor, and 2 are asked for",
            "new process",
        ),
    ],
)
def test_a_device_that_is_not_there_is_named(gpus, present, devices, message, hint):
    from cnncli.runner.execution.devices import device_names

    gpus(present)
    with pytest.raises(ResourceError) as caught:
        device_names(devices)
    assert caught.value.message == message
    assert hint in caught.value.hint
