"""What contradicts what, told before TensorFlow is loaded and at the place that is to blame."""

import pytest
from cases import each

from cnncli.catalog import FAMILIES
from cnncli.catalog.entries import Entry
from cnncli.errors import SpecError
from cnncli.spec import parse
from cnncli.spec.metrics import ONE_HOT_METRICS, SPARSE_METRICS, metric_name
from cnncli.spec.reader import read

LAYERS = ["Flatten", "Dense: {units: classes, activation: softmax}"]
ONE = ["Flatten", "Dense: {units: 1, activation: sigmoid}"]
TWO = "source: {folder: {path: a}}, classes: [cat, dog], image: {size: 8}"


def spec(*layers, data="source: mnist", train="epochs: 10"):
    lines = [f"data: {{{data}}}", f"train: {{{train}}}", "model:", "  layers:"]
    return "\n".join([*lines, *(f"    - {layer}" for layer in layers or LAYERS)])


@each(
    "text, place, message",
    [
        (spec(train="monitor: val_acc"), (2, 18), "no metric is called 'val_acc'; did you mean 'val_accuracy'?"),
        (spec(train="monitor: top"), (2, 18),
         "no metric is called 'top'; this training reports loss, accuracy, val_loss, val_accuracy"),
        (spec(data="source: mnist, split: {validation: 0}", train="callbacks: [EarlyStopping]"), (2, 21),
         "no metric is called 'val_loss'; did you mean 'loss'?"),
        (spec(train="callbacks: [{ReduceLROnPlateau: {monitor: val_auc}}]"), (2, 51),
         "no metric is called 'val_auc'; did you mean 'val_accuracy'?"),
        (spec(train="metrics: [AUC]"), (2, 19),
         "AUC needs one-hot labels; use 'loss: CategoricalCrossentropy' with it"),
        (spec(train="loss: CategoricalCrossentropy, metrics: [AUC, {AUC: {curve: PR}}]"), (2, 55),
         "metrics[0] is called 'auc' already; give one of them a name of its own"),
        (spec(*ONE, data=TWO, train="loss: BinaryCrossentropy, metrics: [F1Score]"), (2, 45),
         "F1Score of a single output needs a threshold for yes; add 'threshold: 0.5'"),
        (spec(*ONE, data=TWO, train="loss: BinaryCrossentropy, metrics: [CategoricalAccuracy]"), (2, 45),
         "CategoricalAccuracy compares outputs, and this model has one; use accuracy"),
        (spec("Flatten", "Dense: {units: 1, activation: softmax}", data=TWO, train="loss: BinaryCrossentropy"),
         (6, 37), "the softmax of one output is 1 whatever the image is; use sigmoid"),
        (spec("Flatten", "Dense: {units: 1}", "Softmax", data=TWO, train="loss: BinaryCrossentropy"),
         (7, 7), "the softmax of one output is 1 whatever the image is; use sigmoid"),
        (spec(train="loss: CategoricalCrossentropy, metrics: [{Precision: {class_id: 10}}]"), (2, 73),
         "there is no 10 among 10 outputs, counted from 0"),
        (spec(train="loss: CategoricalCrossentropy, metrics: [{Recall: {top_k: 11}}]"), (2, 67),
         "there is no 11 among 10 outputs"),
        (spec(train="optimizer: {SGD: {learning_rate: {PiecewiseConstantDecay: {boundaries: [5], values: [1]}}}}"),
         (2, 93), "1 boundary needs 2 values, got 1"),
        (spec(train="optimizer: {SGD: {learning_rate: {PiecewiseConstantDecay: {boundaries: [5, 5], "
                    "values: [1, 0.1, 0.01]}}}}"), (2, 80), "each boundary must be later than the one before"),
        (spec("Conv2D: {filters: 1, kernel_size: 3}", "GlobalAveragePooling2D", "Activation: {activation: sigmoid}",
              data=TWO, train="loss: BinaryCrossentropy, metrics: [CategoricalAccuracy]"), (2, 45),
         "CategoricalAccuracy compares outputs, and this model has one; use accuracy"),
        (spec(train="stages: [{epochs: 1}, {epochs: 2}], optimizer: {SGD: {learning_rate: "
                    "{PiecewiseConstantDecay: {boundaries: [5], values: [1]}}}}"), (2, 129),
         "1 boundary needs 2 values, got 1"),
        (spec(train="stages: [{epochs: 1}, {epochs: 2}], optimizer: {SGD: {clipnorm: 1, clipvalue: 1}}"), (2, 87),
         "clipnorm limits the gradients already; leave out one of them"),
        (spec(train="optimizer: {SGD: {clipnorm: 1, clipvalue: 1}}"), (2, 51),
         "clipnorm limits the gradients already; leave out one of them"),
        (spec(train="loss: CategoricalCrossentropy, metrics: [SparseTopKCategoricalAccuracy]"), (2, 50),
         "SparseTopKCategoricalAccuracy needs whole-number labels, CategoricalCrossentropy one-hot; "
         "use TopKCategoricalAccuracy"),
        (spec(train="class_weight: {'11': 2}"), (2, 24),
         "no class is called '11'; did you mean '1'?"),
        (spec(train="class_weight: {dog: 2}"), (2, 24),
         "no class is called 'dog'; the classes are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        (spec("Flatten: {name: a}", "Dense: {units: classes, name: a}"), (6, 37), "layers[0] has the name 'a' already"),
        (spec(data="source: mnist, split: {validation: 60000}"), (1, 43),
         "60000 validation images leave none of the 60000 training images to train on"),
        (spec("Flatten", "Conv2D: {filters: 8, kernel_size: 3}"), (6, 7),
         "Conv2D does not fit here: it takes images (height, width, channels); above it everything is flat (784)"),
        (spec("MaxPooling2D: {pool_size: 29}", *LAYERS), (5, 7),
         "MaxPooling2D does not fit here: its window of 29×29 is larger than its input image of 28×28"),
        (spec("Flatten", "Dense: {units: 100000000}", LAYERS[1]), (6, 7),
         "Dense would have 78,500,000,000 weights (292.4 GiB); check its numbers"),
        (spec("UpSampling2D: {size: 10000}", "GlobalAveragePooling2D", LAYERS[1]), (5, 7),
         "UpSampling2D would have an output of 78,400,000,000 values (292.1 GiB); check its numbers"),
        (spec("Reshape: {target_shape: [27, 27, 1]}", *LAYERS), (5, 7),
         "Reshape does not fit here: 784 values cannot be given the shape 27×27×1"),
        (spec("Conv2D: {filters: 8, kernel_size: 3}", "Dense: {units: classes}"), (6, 7),
         "the output is still spread over 26×26 places; add Flatten or GlobalAveragePooling2D before the last Dense"),
        (spec("Flatten", "Dense: {units: 9}", "Softmax"), (6, 22),
         "the model has 9 outputs for 10 classes; write 'units: classes'"),
        (spec("Flatten", "Dense: {units: 12}", train="loss: CategoricalCrossentropy"), (6, 22),
         "the model has 12 outputs for 10 classes; write 'units: classes'"),
        (spec("Flatten"), (5, 7), "the model has 784 outputs for 10 classes; write 'units: classes'"),
        (spec(train="callbacks: [ReduceLROnPlateau], optimizer: {SGD: {learning_rate: {CosineDecay: "
                    "{initial_learning_rate: 0.1, decay_steps: total_steps}}}}"), (2, 21),
         "the optimizer's schedule sets the learning rate already; leave out this callback or the schedule"),
        (spec(train="callbacks: [SwapEMAWeights]"), (2, 21),
         "Adam keeps no average of the weights; give it 'use_ema: true'"),
        (spec(train="learning_rate_factors: {'*/bias': 2, dense: 3}"), (2, 46),
         "'dense' names no weight; write 'layer/weight', as in 'dense_1/*' or '*/bias'"),
        (spec(train="learning_rate_factors: {dens/bias: 2}"), (2, 33),
         "no layer is called 'dens'; did you mean 'dense_1'?"),
        (spec(train="learning_rate_factors: {dense/bias: 0}"), (2, 45), "expected a number above 0, got 0"),
        (spec("MaxPooling2D", "Flatten", "Dense: {units: 10}", train="jit_compile: true, deterministic: true"), (2, 22),
         "XLA has no deterministic gradient of a maximum pool; leave out this or 'deterministic'"),
        (spec(data="source: mnist, scale: [0, 1], standardize: featurewise"), (1, 30),
         "'standardize' sets the range of the pixels already; leave out one of them"),
        (spec(data="source: mnist, standardize: samplewise, scale: [-1, 1]"), (1, 55),
         "'standardize' sets the range of the pixels already; leave out one of them"),
        (spec(data="source: mnist, exclude: ['3']"), (1, 32), "only image files can be excluded, and mnist has none"),
        (spec(data="source: mnist, image: {white: 4095}"), (1, 38), "white is 255 in mnist; leave this out"),
        (spec(data="source: {arrays: {path: a, white: 1}}, image: {white: 16}"), (1, 62),
         "arrays sets white already; leave out one of them"),
        (spec(data="source: {arrays: {path: a}}, image: {icc: srgb}"), (1, 50),
         "only image files have colour profiles, and arrays has none"),
        (spec(data="source: {idx: {path: a}}, exclude: ['3']"), (1, 43),
         "only image files can be excluded, and idx has none"),
        (spec(data="source: {tfds: {name: a}}, exclude: [a.png]"), (1, 44),
         "only image files can be excluded, and tfds has none"),
        (spec() + "\naugment: [RandomFlip, {MixUp: {alpha: 0.2}}]", (7, 23),
         "MixUp mixes labels, which needs one-hot labels; use 'loss: CategoricalCrossentropy'"),
        (spec() + "\naugment: [CutMix]", (7, 11),
         "CutMix mixes labels, which needs one-hot labels; use 'loss: CategoricalCrossentropy'"),
        (spec(train="sampling: balanced, class_weight: balanced"), (2, 19),
         "balanced sampling already shows every class equally often; leave out this or class_weight"),
        (spec(train="class_weight: {'1': 2}, sampling: balanced"), (2, 43),
         "balanced sampling already shows every class equally often; leave out this or class_weight"),
        (spec(data="source: {folder: {path: a}}, classes: [cat]"), (1, 46),
         "at least two classes are needed"),
        (spec(data="source: {folder: {path: a}}, classes: {n1: cat, n2: cat}"), (1, 46),
         "at least two classes are needed"),
        (spec(data="source: {folder: {path: a}}, classes: [cat, cat]"), (1, 52), "the class 'cat' is listed twice"),
        (spec(data="source: fashion_mnist, classes: [Bag, Sandals]"), (1, 46),
         "fashion_mnist has no class 'Sandals'; did you mean 'Sandal'?"),
        (spec(data="source: fashion_mnist, classes: {Bags: bag, Sandal: shoe}"), (1, 41),
         "fashion_mnist has no class 'Bags'; did you mean 'Bag'?"),
        (spec(data="source: {folder: {path: a}}, classes: [cat, owl]", train="class_weight: {dog: 2}"), (2, 24),
         "no class is called 'dog'; the classes are cat, owl"),
        (spec("Flatten", "Dense: {units: 9}",
              data="source: {folder: {path: a}}, image: {size: 8}, classes: {a: x, b: y, c: x}",
              train="loss: CategoricalCrossentropy"), (6, 22),
         "the model has 9 outputs for 2 classes; write 'units: classes'"),
        (spec("ReLU", "Dense: {units: classes}", data="source: {folder: {path: a}}, image: {size: 8}"), (6, 7),
         "the output is still spread over 8×8 places; add Flatten or GlobalAveragePooling2D before the last Dense"),
        (spec("MaxPooling2D: {pool_size: 9}", *LAYERS, data="source: {folder: {path: a}}, image: {size: 8}"), (5, 7),
         "MaxPooling2D does not fit here: its window of 9×9 is larger than its input image of 8×8"),
        (spec("Conv2D: {filters: 19, kernel_size: 3, kernel_initializer: Whitening}", *LAYERS), (5, 25),
         "a kernel of 3×3 on 1 channel has 18 whitening filters, half of them negatives; got 19"),
        (spec("ReLU", "Conv2D: {filters: 4, kernel_size: 3, kernel_initializer: Whitening}", *LAYERS), (6, 64),
         "Whitening is for the kernel of a Conv2D that takes the image itself, without groups; write 'he_normal', or "
         "leave it out"),
        (spec("Flatten", "Dense: {units: classes, activation: softmax, kernel_initializer: {Whitening: {}}}"), (6, 72),
         "Whitening is for the kernel of a Conv2D that takes the image itself, without groups; write 'he_normal', or "
         "leave it out"),
    ],
)  # fmt: skip
def test_a_contradiction_is_located(text, place, message):
    if text.endswith("- Flatten"):  # the labels of a loss on class numbers leave units over; one-hot ones do not
        text = text.replace("epochs: 10", "loss: CategoricalCrossentropy")
    with pytest.raises(SpecError) as caught:
        parse(read(text, "a.yaml"))
    (problem,) = caught.value.problems
    assert problem.message == message
    assert (problem.place.line, problem.place.column) == place


@each(
    "text",
    [
        spec(train="monitor: val_accuracy"),
        spec(train="metrics: [{SparseTopKCategoricalAccuracy: {k: 3, name: top}}], monitor: val_top"),
        spec(train="loss: CategoricalCrossentropy, metrics: [AUC, Precision, accuracy], monitor: val_auc"),
        spec(train="loss: CategoricalCrossentropy, metrics: [AUC, {AUC: {curve: PR, name: pr}}], monitor: val_pr"),
        spec(data="source: mnist, split: {validation: 0}", train="monitor: loss"),
        spec(data="source: fashion_mnist", train="class_weight: {Bag: 2, 'T-shirt/top': 0.5}"),
        spec(data="source: mnist, split: {validation: 59999}"),
        spec("Flatten", "Dense: {units: 12}"),
        spec("Flatten", "Dense: {units: 10}", train="loss: CategoricalCrossentropy"),
        spec("Permute: {dims: [2, 1, 3]}", "Dense: {units: 3}"),  # no arithmetic here for it: left to Keras
        spec(train="callbacks: [SwapEMAWeights], optimizer: {Adam: {use_ema: true}}"),
        spec(train="callbacks: [ReduceLROnPlateau]"),
        spec(train="learning_rate_factors: {'*/bias': 2, 'd*/k*': 0.5, dense_1/kernel: 1}"),
        spec(train="learning_rate_factors: null"),
        spec("MaxPooling2D", "Flatten", "Dense: {units: 10}", train="jit_compile: true"),
        spec("Flatten", "Dense: {units: 10}", train="jit_compile: true, deterministic: true"),
        spec(data="source: mnist, standardize: featurewise"),
        spec(data="source: mnist, standardize: null, scale: [-1, 1]"),
        spec(data="source: {folder: {path: a}}, exclude: [cat/3.jpg]"),
        spec(data="source: {csv: {path: a}}, exclude: [cat/3.jpg]"),
        spec(train="loss: CategoricalCrossentropy") + "\naugment: [{MixUp: {alpha: 0.2}}, CutMix]",
        spec() + "\naugment: [RandomFlip]",
        spec(train="sampling: balanced"),
        spec(data="source: mnist, classes: ['1', '7']", train="class_weight: {'7': 2}"),
        spec(data="source: mnist, classes: {1: odd, 2: even}", train="class_weight: {odd: 2}"),
        # what only the images tell is left to them
        spec("Flatten", "Dense: {units: 3}", data="source: {folder: {path: a}}, image: {size: 8}"),
        spec("MaxPooling2D: {pool_size: 900}", *LAYERS, data="source: {folder: {path: a}}"),
        spec(data="source: {folder: {path: a}}", train="class_weight: {dog: 2}"),
        spec(data="source: {folder: {path: a}}, split: {validation: 1000000}"),
        spec(data="source: {folder: {path: a}}", train="loss: CategoricalCrossentropy, metrics: [{AUC: {}}]"),
        spec(
            "Conv2D: {filters: 4, kernel_size: 3, padding: same, name: c}",
            "GlobalAveragePooling2D",
            "Dense: {units: 1, activation: sigmoid, name: gate}",
            "Multiply: {inputs: [c, gate]}",
            "Conv2D: {filters: classes, kernel_size: 1}",
            "GlobalAveragePooling2D",
            "Softmax",
            data=TWO,
            train="loss: BinaryCrossentropy, metrics: [F1Score, {Precision: {class_id: 1}}]",
        ),
        spec(*ONE, data=TWO, train="loss: BinaryCrossentropy, metrics: [{F1Score: {threshold: 0.5}}]"),
    ],
)
def test_what_fits_together_passes(text):
    assert parse(read(text, "a.yaml")).spec


def test_several_contradictions_are_told_in_the_order_of_the_text():
    text = spec("Flatten", "MaxPooling2D", train="monitor: x, metrics: [AUC], class_weight: {no: 1}")
    with pytest.raises(SpecError) as caught:
        parse(read(text, "a.yaml"))
    places = [(problem.place.line, problem.place.column) for problem in caught.value.problems]
    assert places == sorted(places)
    assert len(places) == 4


def test_every_metric_but_those_for_either_wants_its_own_form_of_labels():
    assert set(FAMILIES["metric"]) - ONE_HOT_METRICS - {"accuracy"} == SPARSE_METRICS
    assert {"AUC", "F1Score", "OneHotIoU", "OneHotMeanIoU"} <= ONE_HOT_METRICS


@pytest.mark.slow
def test_metrics_go_by_the_names_that_keras_gives_them():
    keras = pytest.importorskip("keras")
    needed = {"num_classes": 3, "target_class_ids": [0], "precision": 0.5, "recall": 0.5, "sensitivity": 0.5}
    needed |= {"specificity": 0.5}
    for name in FAMILIES["metric"]:
        entry = Entry("metric", name)
        if name != "accuracy":
            from cnncli.catalog import signature

            given = {key: needed[key] for key, argument in signature("metric", name).items() if argument.required}
            assert metric_name(entry) == getattr(keras.metrics, name)(**given).name
