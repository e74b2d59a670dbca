"""The arithmetic of shapes: by hand where it is plain, against Keras where it is not."""

import pytest
from cases import each
from hypothesis import example, given, settings, strategies as st

from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import MERGES
from cnncli.spec.graph import Node
from cnncli.spec.shapes.network_shapes import infer_shapes
from cnncli.spec.shapes.output_shape import merge_shape, output_shape
from cnncli.spec.shapes.parameters import parameters_of
from cnncli.spec.shapes.terms import ShapeError


def layer(name, **arguments):
    return Entry("layer", name, arguments)


def conv(**arguments):
    return layer("Conv2D", **{"filters": 8, "kernel_size": 3, **arguments})


def nodes(*entries):
    """Each takes the one above it; `(entry, inputs)` takes others, by index."""
    pairs = [entry if isinstance(entry, tuple) else (entry, (index - 1,)) for index, entry in enumerate(entries)]
    return [
        Node(f"layer_{index}", entry, inputs, ("model", "layers", index)) for index, (entry, inputs) in enumerate(pairs)
    ]


def output_shapes(network, image_shape, classes):
    return [step.output_shape for step in infer_shapes(network, image_shape, classes).steps]


def test_shapes_are_inferred_up_to_the_output():
    layers = [
        conv(filters=16, padding="same"), layer("MaxPooling2D", pool_size=2), conv(strides=2),
        layer("Dropout", rate=0.5), layer("Flatten"), layer("Dense", units=64), layer("Dense", units="classes"),
    ]  # fmt: skip
    assert output_shapes(nodes(*layers), (32, 32, 3), 10) == [
        (32, 32, 16), (16, 16, 16), (7, 7, 8), (7, 7, 8), (392,), (64,), (10,)
    ]  # fmt: skip


def test_behind_a_layer_that_only_keras_knows_nothing_is_said():
    layers = [conv(), layer("Permute", dims=[2, 1, 3]), conv(kernel_size=99)]
    assert output_shapes(nodes(*layers), (28, 28, 1), 10) == [(26, 26, 8), None, None]


def test_a_branch_that_only_keras_knows_does_not_silence_the_other():
    network = nodes(conv(), (layer("Permute", dims=[2, 1, 3]), (-1,)), (layer("Flatten"), (0,)), conv())
    steps = infer_shapes(network, (28, 28, 1), 10).steps
    assert [step.output_shape for step in steps] == [(26, 26, 8), None, (5408,), None]
    assert [bool(step.shape_error) for step in steps] == [False, False, False, True]


def test_every_layer_that_does_not_fit_is_told_when_what_follows_is_sure():
    network = nodes(conv(groups=2), conv(strides=2, dilation_rate=2, filters=5), layer("GroupNormalization", groups=2),
                    layer("Flatten"), conv(), layer("Flatten"))  # fmt: skip
    steps = infer_shapes(network, (9, 9, 3), 10).steps
    assert [step.shape_error[:12] for step in steps] == [
        "2 groups do ",
        "it can have ",
        "its 2 groups",
        "",
        "it takes ima",
        "",
    ]
    assert [step.output_shape for step in steps] == [(7, 7, 8), (2, 2, 5), (2, 2, 5), (20,), None, None]


@pytest.mark.parametrize(
    ("name", "shapes", "expected"),
    [
        ("Add", [(8, 8, 3), (8, 8, 3)], (8, 8, 3)),
        ("Multiply", [(8, 8, 3), (1, 1, 3)], (8, 8, 3)),
        ("Average", [(1, 8, 1), (8, 1, 3), (8, 8, 1)], (8, 8, 3)),
        ("Maximum", [(8, 8, 3), (3,)], (8, 8, 3)),
        ("Concatenate", [(8, 8, 3), (8, 8, 5), (8, 8, 1)], (8, 8, 9)),
        ("Concatenate", [(10,), (3,)], (13,)),
    ],
)
def test_several_results_become_one(name, shapes, expected):
    assert merge_shape(layer(name), shapes) == expected


@pytest.mark.parametrize(
    ("entry", "shapes", "message"),
    [
        (
            layer("Add"),
            [(8, 8, 3), (8, 8, 4)],
            "its inputs are 8×8×3 and 8×8×4; a 1×1 convolution gives one of them as many channels",
        ),
        (
            layer("Subtract"),
            [(8, 8, 3), (4, 4, 3)],
            "the same strides and 'padding: same' in both branches make the sizes equal",
        ),
        (layer("Add"), [(8, 8, 3), (4, 4, 4)], "the sizes equal and a 1×1 convolution the channels"),
        (layer("Minimum"), [(8, 8, 3), (5,)], "one of them is flat"),
        (
            layer("Concatenate"),
            [(8, 8, 3), (7, 8, 3)],
            "joins the channels of 8×8×3 and 7×8×3, whose other sizes differ",
        ),
        (layer("Concatenate", axis=1), [(8, 8, 3), (8, 8, 4)], "joins the axis 1 of 8×8×3 and 8×8×4"),
        (layer("Concatenate"), [(8, 8, 3), (3,)], "one of them is flat"),
        (layer("Concatenate", axis=0), [(8, 8, 3), (8, 8, 3)], "there is no axis 0"),
        (layer("Concatenate", axis=4), [(8, 8, 3), (8, 8, 3)], "there is no axis 4"),
    ],
)
def test_results_that_cannot_be_joined_say_why_and_the_way_out(entry, shapes, message):
    with pytest.raises(ShapeError) as caught:
        merge_shape(entry, shapes)
    assert message in str(caught.value)


@each(
    "entry, shape, message",
    [
        (conv(kernel_size=5), (4, 9, 1), "its window of 5×5 is larger than its input image of 4×9"),
        (conv(kernel_size=3, dilation_rate=3), (6, 6, 1), "its window of 7×7 is larger than its input image of 6×6"),
        (conv(strides=2, dilation_rate=2), (9, 9, 1), "strides or a dilation_rate above 1, not both"),
        (conv(groups=2), (9, 9, 3), "2 groups do not divide the 3 channels of its input"),
        (conv(groups=3), (9, 9, 3), "3 groups do not divide the 8 filters"),
        (
            layer("SeparableConv2D", filters=8, kernel_size=3, strides=[1, 2]),
            (9, 9, 3),
            "equal in both directions, not 1×2",
        ),
        (layer("GroupNormalization"), (9, 9, 16), "its 32 groups do not divide the 16 channels"),
        (layer("GroupNormalization", groups=4, axis=1), (9, 8, 16), "its 4 groups do not divide the 9 channels"),
        (layer("Softmax", axis=4), (9, 8, 16), "there is no axis 4 of 9×8×16, which has the axes 1 to 3, or -3 to -1"),
        (layer("UnitNormalization", axis=-4), (9, 8, 16), "there is no axis -4 of 9×8×16"),
        (layer("LayerNormalization", axis=[1, 2]), (9,), "there is no axis 2 of 9, which has the axes 1 alone"),
        (layer("LayerNormalization", axis=[3, -1]), (9, 8, 16), "axis [3, -1] names an axis twice"),
        (layer("PReLU", shared_axes=[1, 4]), (9, 8, 16), "there is no axis 4"),
        (layer("Permute", dims=[3, 1, 1]), (9, 8, 16), "takes 'dims' of the numbers from 1 to 3, each once, not [3, 1"),
        (layer("Permute", dims=[2, 1]), (9,), "takes 'dims' of 1 alone, not [2, 1]"),
        (
            layer("Dropout", rate=0.5, noise_shape=[4, 1, 1, 16]),
            (9, 8, 16),
            "or 1 where all values share a draw: [null, 1, 1, 16]",
        ),
        (layer("AlphaDropout", rate=0.5, noise_shape=[1, 16]), (9, 8, 16), "'noise_shape' for 9×8×16 has 4 sizes"),
        (layer("SpatialDropout2D", rate=0.5), (9,), "above it everything is flat (9)"),
        (layer("Reshape", target_shape=[2, 3]), (7,), "7 values cannot be given the shape 2×3"),
    ],
)
def test_a_layer_that_does_not_fit_says_why(entry, shape, message):
    with pytest.raises(ShapeError) as caught:
        output_shape(entry, shape, 10)
    assert message in str(caught.value)


def test_groups_are_of_the_axis_that_is_said():
    assert output_shape(layer("GroupNormalization", groups=3, axis=1), (9, 8, 16), 10) == (9, 8, 16)


sizes = st.integers(1, 5)
filters, flags = st.integers(1, 6), st.booleans()
paddings = st.sampled_from(["valid", "same"])


def per_axis(values):
    return values | st.lists(values, min_size=2, max_size=2)


def of(name, **arguments):
    return st.builds(Entry, st.just("layer"), st.just(name), st.fixed_dictionaries({}, optional=arguments))


def window(name, **arguments):
    needed = st.fixed_dictionaries(
        {**arguments, "kernel_size": per_axis(sizes)},
        optional={"strides": per_axis(st.integers(1, 3)), "padding": paddings,
                  "dilation_rate": per_axis(st.integers(1, 2)), "use_bias": flags},
    )  # fmt: skip
    return st.builds(Entry, st.just("layer"), st.just(name), needed)


def pool(name):
    needed = st.fixed_dictionaries(
        {"pool_size": per_axis(sizes)}, optional={"strides": per_axis(sizes), "padding": paddings}
    )
    return st.builds(Entry, st.just("layer"), st.just(name), needed)


def transposed(name):
    needed = st.fixed_dictionaries(
        {"filters": filters, "kernel_size": per_axis(sizes)},
        optional={"strides": per_axis(st.integers(1, 3)), "padding": paddings, "use_bias": flags},
    )
    return st.builds(Entry, st.just("layer"), st.just(name), needed)


ADAPTIVE_POOLS = ("AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D")
border = st.integers(0, 3)
axes = st.sampled_from([1, 2, 3, 4, -1])  # the batch, which Keras takes, is one of those from the last
borders = per_axis(border) | st.lists(st.lists(border, min_size=2, max_size=2), min_size=2, max_size=2)
activations = st.sampled_from(["relu", "gelu", "softmax"])
layers = st.one_of(
    window("Conv2D", filters=filters, groups=st.integers(1, 3)),
    window("SeparableConv2D", filters=filters, depth_multiplier=st.integers(1, 3)),
    window("DepthwiseConv2D", depth_multiplier=st.integers(1, 3)),
    pool("MaxPooling2D"),
    pool("AveragePooling2D"),
    of("GlobalAveragePooling2D", keepdims=st.booleans()),
    of("GlobalMaxPooling2D", keepdims=st.booleans()),
    of("UpSampling2D", size=per_axis(st.integers(1, 3))),
    of("LayerNormalization", axis=axes | st.lists(axes, min_size=1, max_size=3)),
    of("UnitNormalization", axis=axes),
    of("Softmax", axis=axes),
    of("PReLU", shared_axes=st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True)),
    transposed("Conv2DTranspose"),
    of("ZeroPadding2D", padding=borders),
    of("Cropping2D", cropping=borders),
    *(st.builds(lambda size, name=name: layer(name, output_size=size), per_axis(sizes)) for name in ADAPTIVE_POOLS),
    of("GroupNormalization", groups=st.sampled_from([-1, 1, 2, 3]), center=flags, scale=flags),
    of("BatchNormalization", center=flags, scale=flags, renorm=flags),
    of("LayerNormalization", center=flags, scale=flags),
    of("RMSNormalization"),
    of("UnitNormalization"),
    of("PReLU"),
    st.builds(lambda rate: layer("SpatialDropout2D", rate=rate), st.just(0.5)),
    st.builds(lambda units, act: layer("Dense", units=units, activation=act), filters, activations),
    st.builds(lambda act: layer("Activation", activation=act), activations),
    st.builds(lambda shape: layer("Reshape", target_shape=shape), st.lists(st.integers(1, 12), min_size=1, max_size=3)),
    of("Flatten"),
)
shapes = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 6))


merges = st.builds(
    lambda name, axis: layer(name, **({"axis": axis} if name == "Concatenate" and axis else {})),
    st.sampled_from(MERGES), st.sampled_from([None, -3, -2, -1, 1, 2, 3]),
)  # fmt: skip
like_sizes = st.sampled_from([1, 2, 3])
like_shapes = st.tuples(like_sizes, like_sizes, like_sizes) | st.tuples(like_sizes)


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(merges, st.lists(like_shapes, min_size=2, max_size=3))
def test_keras_joins_the_same_shapes_and_refuses_the_same(entry, together):
    import numpy as np

    from cnncli.factory.objects import construct

    together = together[:2] if entry.name == "Subtract" else together
    if entry.name == "Concatenate" and any(entry.get("axis") == -len(shape) - 1 for shape in together):
        return  # that is the batch: Keras stacks the images, which is nothing a classifier could want
    try:
        theirs = tuple(construct(entry)([np.zeros((2, *shape), np.float32) for shape in together]).shape[1:])
    except Exception:
        theirs = None
    try:
        ours = merge_shape(entry, together)
    except ShapeError:
        ours = None
    assert ours == theirs, f"{entry.plain()} of {together}"


# Refused on every machine, although some processors compute them.
ONLY_ON_SOME_MACHINES = ("TensorFlow fails on it", "strides must be equal in both directions")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")  # a drawn layer may have a single unit
@settings(deadline=None, max_examples=60)
@given(st.lists(layers, min_size=1, max_size=4), shapes)
@example([conv(kernel_size=3, strides=2, padding="same")], (5, 6, 1))
@example([conv(kernel_size=3, dilation_rate=2, padding="valid")], (5, 6, 1))
@example([conv(groups=2)], (5, 6, 3))
def test_keras_gives_the_same_shapes_and_parameters_and_refuses_the_same_layers(network, shape):
    import numpy as np

    from cnncli.factory.objects import construct
    from cnncli.startup import keras

    outputs, given = np.zeros((1, *shape), np.float32), shape
    for entry in network:
        try:
            ours = output_shape(entry, given, 10)
        except ShapeError as shape_error:
            if any(word in str(shape_error) for word in ONLY_ON_SOME_MACHINES):
                return
            ours = None
        try:
            # Built first, as in a model, so that Keras refuses what TensorFlow could not compute.
            construct(entry)(keras.KerasTensor((1, *given)))
            built = construct(entry)
            outputs = built(outputs)  # the shape that Keras computes beforehand is not always right
            theirs = None if 0 in outputs.shape[1:] else tuple(outputs.shape[1:])
        except Exception:
            theirs = None
        assert ours == theirs, f"{entry.plain()} after {given}"
        if theirs is None:
            return
        assert parameters_of(entry, given, 10) == built.count_params(), f"{entry.plain()} after {given}"
        given = theirs


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
@settings(deadline=None, max_examples=190)
@given(st.lists(layers, min_size=1, max_size=4), shapes)
def test_keras_gives_the_same_for_more_networks(network, shape):
    test_keras_gives_the_same_shapes_and_parameters_and_refuses_the_same_layers.hypothesis.inner_test(network, shape)
