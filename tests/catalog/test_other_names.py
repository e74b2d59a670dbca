"""Names of other libraries are told what they are called here, and forms of other libraries how they are written."""

import pytest
from cases import each

from cnncli.catalog import entries
from cnncli.catalog.image_data_generator import GENERATOR
from cnncli.catalog.names import FAMILIES
from cnncli.catalog.other_names import _HERE, ARGUMENTS
from cnncli.catalog.source import signature
from cnncli.catalog.spelling import resolve
from cnncli.errors import SpecError
from cnncli.spec import load
from cnncli.spec.reader import read_value

SAID = {
    "layer": {
        "nn.Linear": "did you mean 'Dense'?",
        "torch.nn.Linear(64, 10)": "write 'Dense: {units: …}'",
        "nn.Conv2d": "did you mean 'Conv2D'?",
        "nn.ConvTranspose2d": "did you mean 'Conv2DTranspose'?",
        "nn.BatchNorm2d": "did you mean 'BatchNormalization'?",
        "nn.MaxPool2d": "did you mean 'MaxPooling2D'?",
        "nn.AvgPool2d": "did you mean 'AveragePooling2D'?",
        "nn.AdaptiveAvgPool2d": "did you mean 'AdaptiveAveragePooling2D'?",
        "nn.Dropout2d": "did you mean 'SpatialDropout2D'?",
        "nn.GELU": "write 'Activation: {activation: gelu}'",
        "nn.LogSoftmax": "write 'Activation: {activation: log_softmax}'",
        "nn.Sequential": "a list of layers is a chain already",
    },
    "optimizer": {"torch.optim.AdamW": "did you mean 'AdamW'?"},
    "schedule": {
        "CosineAnnealingLR": "did you mean 'CosineDecay'?",
        "OneCycleLR": "did you mean 'CosineDecay'?",
        "StepLR": "did you mean 'PiecewiseConstantDecay'?",
    },
    "loss": {
        "nn.CrossEntropyLoss()": "did you mean 'CategoricalCrossentropy'?",
        "log_loss": "did you mean 'CategoricalCrossentropy'?",
        "BCEWithLogitsLoss": "did you mean 'BinaryCrossentropy'?",
    },
    "metric": {
        "f1": "did you mean 'F1Score'?",
        "f-score": "did you mean 'F1Score'?",
        "accuracy_score": "did you mean 'accuracy'?",
        "precision_score": "did you mean 'Precision'?",
        "roc_auc": "did you mean 'AUC'?",
        "average_precision": "write 'AUC: {curve: PR}'",
        "balanced_accuracy": "every evaluation reports it already",
        "confusion_matrix": "every run draws one already",
    },
    "initializer": {"kaiming_normal": "did you mean 'HeNormal'?", "xavier_uniform": "did you mean 'GlorotUniform'?"},
    "augmentation": {
        "rotation_range": "write 'ImageDataGenerator: {rotation_range: …}'",
        "rescale": "set 'data.scale: [0, 1]'",
        "validation_split": "set 'data.split: {validation: 0.1}'",
        "RandomHorizontalFlip": "write 'RandomFlip: {mode: horizontal}'",
        "A.VerticalFlip": "write 'RandomFlip: {mode: vertical}'",
        "RandomResizedCrop": "images keep the size of 'data.image.size'",
        "ColorJitter": "did you mean 'RandomColorJitter'?",
        "ToTensor": "pixels are scaled by 'data.scale'",
        "GaussianBlur": "did you mean 'RandomGaussianBlur'?",
    },
}


@each("family, word, said", [(family, word, said) for family, names in SAID.items() for word, said in names.items()])
def test_the_name_here_is_told(family, word, said):
    problems = []
    assert entries.parse(family, word, (), problems) is None
    assert said in problems[0].message


@each("family, other", [(family, other) for family, names in _HERE.items() for other in names])
def test_every_line_of_the_table_is_reached_and_leads_to_a_name(family, other):
    assert resolve(family, other) is None
    name, _, arguments = _HERE[family][other].partition(": ")
    assert name in FAMILIES[family]
    problems = []
    if arguments and "…" not in arguments:
        entries.parse(family, {name: read_value(arguments, "<table>")}, (), problems)
    assert problems == []


def test_every_argument_of_the_generator_is_told():
    problems = []
    for argument in GENERATOR:
        entries.parse("augmentation", {argument: 1}, (), problems)
    assert all(
        f"write 'ImageDataGenerator: {{{each}: …}}'" in problem.message
        for each, problem in zip(GENERATOR, problems, strict=True)
    )


@each("other, here", ARGUMENTS.items())
def test_every_argument_of_others_has_a_class_that_takes_it(other, here):
    members = ((family, name) for family, names in FAMILIES.items() if family != "activation" for name in names)
    assert any(here in signature(*member) for member in members)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"Conv2D": {"out_channels": 8, "kernel_size": 3}}, ["unknown argument; did you mean 'filters'?"]),
        ({"Dense": {"out_features": 8, "in_features": 9}}, [
            "unknown argument; did you mean 'units'?", "unknown argument; it is that of the layer above; leave it out",
        ]),
        ({"Dropout": {"p": 0.5}}, ["unknown argument; did you mean 'rate'?"]),
        ({"Flatten": {"p": 0.5}}, ["unknown argument; Flatten takes data_format, name, trainable, dtype"]),
    ],
)  # fmt: skip
def test_arguments_of_others_are_told_and_not_missed_besides(entry, said):
    problems = []
    entries.parse("layer", entry, (), problems)
    assert [problem.message for problem in problems] == said


@pytest.mark.parametrize(
    ("family", "value", "said"),
    [
        ("optimizer", {"name": "adam"}, "without arguments, an optimizer is its name alone: write 'Adam'"),
        (
            "optimizer",
            {"type": "Adam", "learning_rate": 0.001},
            "the name of an optimizer stands before its arguments: write '{Adam: {learning_rate: 0.001}}'",
        ),
        ("loss", {"name": "mse"}, "without arguments, a loss is its name alone: write 'MeanSquaredError'"),
        (
            "layer",
            {"class_name": "MaxPooling2D", "config": {"pool_size": 2}},
            "the name of a layer stands before its arguments: write 'MaxPooling2D: {pool_size: 2}'",
        ),
        ("layer", {"layer": "Flatten"}, "without arguments, a layer is its name alone: write 'Flatten'"),
        ("layer", {"name": "first", "Flatten": {}}, "'name' stands beside Flatten; arguments go under the name: "
         "'Flatten: {name: …}'"),
    ],
)  # fmt: skip
def test_a_name_that_stands_among_its_arguments(family, value, said):
    problems = []
    assert entries.parse(family, value, (), problems) is None
    assert [problem.message for problem in problems] == [said]


def test_an_activation_with_arguments_is_a_layer():
    problems = []
    value = {"LeakyReLU": {"negative_slope": 0.1}}
    entries.parse("layer", {"Dense": {"units": 3, "activation": value}}, (), problems)
    assert problems[0].message.endswith("got a mapping; LeakyReLU is a layer: write it below this one")


@each(
    "key, value, said",
    [
        ("train.metrics", "accuracy, AUC", "expected a list of metrics, got 'accuracy, AUC'; write '[accuracy, AUC]'"),
        (
            "train.callbacks",
            {"EarlyStopping": {"patience": 3}},
            "expected a list of callbacks, got a mapping; put '- ' before each name, or write '[{EarlyStopping: …}]'",
        ),
        (
            "train.callbacks",
            {"name": "EarlyStopping", "patience": 3},
            "expected a list of callbacks, got a mapping; write '- EarlyStopping: {patience: 3}'",
        ),
        ("model.layers", "Flatten", "expected a list of layers, got 'Flatten'; write '[Flatten]'"),
    ],
)
def test_one_name_where_a_list_should_be(key, value, said):
    with pytest.raises(SpecError) as caught:
        load("configs/mnist.yaml", {key: value})
    assert [problem.message for problem in caught.value.problems] == [said]


def test_a_mapping_of_augmentations_is_read_as_if_it_were_a_list():
    value = {"RandomFlip": {"mode": "sideways"}, "rotation_range": 20}
    with pytest.raises(SpecError) as caught:
        load("configs/mnist.yaml", {"augment": value})
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {"augment", "augment.RandomFlip.mode", "augment.rotation_range"}
