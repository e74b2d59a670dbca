"""What a word stands for, however it is written."""

import pytest

from cnncli.explain.search import NotFound, find
from cnncli.explain.texts import KEY


def named(word):
    found = find(word)
    return [(topic.family, topic.name) for topic in found.topics], found.argument


@pytest.mark.parametrize(
    ("word", "family", "name"),
    [
        ("Conv2D", "layer", "Conv2D"),
        ("conv2d", "layer", "Conv2D"),
        ("conv_2d", "layer", "Conv2D"),
        ("max_pooling_2d", "layer", "MaxPooling2D"),
        ("MaxPool2D", "layer", "MaxPooling2D"),
        ("maxpool2d", "layer", "MaxPooling2D"),
        ("adam", "optimizer", "Adam"),
        ("adam_w", "optimizer", "AdamW"),
        ("cosine-decay", "schedule", "CosineDecay"),
        ("he_normal", "initializer", "HeNormal"),
        ("loss:mse", "loss", "MeanSquaredError"),
        ("metrics:f1_score", "metric", "F1Score"),
        ("early_stopping", "callback", "EarlyStopping"),
        ("random_flip", "augmentation", "RandomFlip"),
        ("relu", "activation", "relu"),
        ("ReLU", "layer", "ReLU"),
        ("train.batch_size", KEY, "train.batch_size"),
        ("batch_size", KEY, "train.batch_size"),
        ("image.size", KEY, "data.image.size"),
        ("key:name", KEY, "name"),
        ("inputs", KEY, "model.layers.inputs"),
        ("extends", KEY, "extends"),
        ("data.image", KEY, "data.image"),
    ],
)
def test_a_word_finds_what_it_means(word, family, name):
    assert named(word) == ([(family, name)], "")


@pytest.mark.parametrize(
    ("word", "family", "name", "argument"),
    [
        ("Conv2D.strides", "layer", "Conv2D", "strides"),
        ("conv2d.strides", "layer", "Conv2D", "strides"),
        ("Adam.learning_rate", "optimizer", "Adam", "learning_rate"),
        ("early_stopping.patience", "callback", "EarlyStopping", "patience"),
    ],
)
def test_an_argument_is_found_behind_a_dot(word, family, name, argument):
    assert named(word) == ([(family, name)], argument)


def test_an_argument_that_means_the_same_everywhere_is_found_alone():
    found = find("global_clipnorm")
    assert (found.argument, found.common, len(found.topics)) == ("global_clipnorm", True, 1)
    assert find("optimizer.learning_rate").common


def test_one_name_in_several_families_is_shown_of_all_or_of_the_one_that_is_asked_for():
    assert named("CategoricalCrossentropy")[0] == [
        ("loss", "CategoricalCrossentropy"), ("metric", "CategoricalCrossentropy")
    ]  # fmt: skip
    assert named("metric:CategoricalCrossentropy")[0] == [("metric", "CategoricalCrossentropy")]
    assert find("relu").others == ["layer:ReLU"]
    assert find("Conv1D").others == ["layer:Conv2D"]


@pytest.mark.parametrize(
    ("word", "family"),
    [("layers", "layer"), ("losses", "loss"), ("learning-rate schedules", "schedule"), ("keys", KEY)],
)
def test_a_family_is_found_by_its_name(word, family):
    assert find(word).family == family


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("Conv2", "did you mean 'Conv2D'"),
        ("batchnorm", "did you mean 'BatchNormalization'"),
        ("globalaverage", "'GlobalAveragePooling2D'"),
        ("MaxPool2", "did you mean 'MaxPooling2D'"),
        ("kernl_size", "did you mean 'kernel_size'?"),
        ("batch_sise", "did you mean 'batch_size'?"),
        ("Lambda", "'Lambda' cannot be used: it runs code"),
        ("Conv2D.stride", "Conv2D has no argument 'stride'; did you mean 'strides'?"),
        ("Adam.lr", "it is called 'learning_rate'"),
        ("Flatten.x", "Flatten has no argument 'x'; it has name, trainable"),
        ("relu.slope", "relu has no argument 'slope'; it has none"),
        ("kernel_size", "ask for one of Conv2D.kernel_size"),
        ("Nothing.at_all", "nothing is called 'Nothing'"),
        ("loss:Conv2D", "nothing is called 'Conv2D'"),
        ("thing:Conv2D", "no family is called 'thing'; there are layer, optimizer"),
        ("", "nothing is called ''"),
        (".", "nothing is called '.'"),
        ("...", "nothing is called"),
        (":", "no family is called ''"),
        ("zzzz", "nothing is called 'zzzz'; 'cnncli explain' lists what there is"),
    ],
)
def test_what_is_not_found_is_told_with_what_is_near(word, message):
    with pytest.raises(NotFound) as caught:
        find(word)
    assert message in str(caught.value)
