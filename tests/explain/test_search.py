"""What a word stands for, however it is written."""

import pytest
from cases import each

from cnncli.catalog import FAMILIES, signature
from cnncli.explain.search import NotFound, canonical, find
from cnncli.explain.texts import GLOSSARY, KEY
from cnncli.explain.topics import names


def named(word):
    found = find(word)
    return [(topic.family, topic.name) for topic in found.topics], found.argument


@each(
    "word, family, name",
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
        ("Conv2D.kernel size", "layer", "Conv2D", "kernel_size"),
        ("Adam.learning_rate", "optimizer", "Adam", "learning_rate"),
        ("early_stopping.patience", "callback", "EarlyStopping", "patience"),
    ],
)
def test_an_argument_is_found_behind_a_dot(word, family, name, argument):
    assert named(word) == ([(family, name)], argument)


ARGUMENTS = {}  # every argument of the catalogue, with the classes that have it
for family in FAMILIES:
    for owner in names(family) if family != "activation" else ():
        for argument in signature(family, owner):
            ARGUMENTS.setdefault(argument, set()).add((family, owner))


def test_every_bare_argument_is_explained_for_each_of_its_owners():
    assert len(ARGUMENTS) > 100
    for argument, owners in ARGUMENTS.items():
        meanings = find(argument).meanings
        assert {(meaning.family, owner) for meaning in meanings for owner in meaning.owners} >= owners, argument
        assert all(meaning.argument.text and meaning.argument.takes for meaning in meanings), argument


BEGINNERS_WORDS = """
padding, strides, stride, pooling, filters, filter, kernel, kernel size, dropout, epoch, epochs, batch, batch size,
overfitting, underfitting, learning rate, receptive field, augmentation, data augmentation, softmax, logits, one-hot,
validation, validation set, test split, train, confusion matrix, precision, recall, f1, f1 score, accuracy,
early stopping, transfer learning, fine-tuning, backbone, weight decay, momentum, regularization, normalization,
batch normalization, class weight, class weights, gradient, loss, metric, optimizer, activation, relu, flatten, dense,
layer, feature map, channel, channels, seed, checkpoint, run, spec, callback, initializer, schedule, label, class,
cross-entropy, head, bias, parameters, weights, step, overfit, pretrained, ImageNet, skip connection, GPU,
mixed precision, inference, prediction, image size, rotation, zoom, lr, neural network, dataset, memory, shuffle,
batch norm, preprocessing, hyperparameter, patience, monitor, top-k accuracy
""".replace("\n", " ").split(",")


@each("word", [word.strip() for word in BEGINNERS_WORDS])
def test_the_words_of_beginners_have_an_answer(word):
    answer = find(word)
    assert answer.topics or answer.meanings or answer.family


@pytest.mark.parametrize(
    ("word", "spellings"),
    [
        ("kernel_size", ["Kernel Size", "kernel-size", "kernelsize", "KERNEL_SIZE", "kernel sizes"]),
        ("regularization", ["regularisation", "Regularisation", "REGULARIZATION"]),
        ("normalization", ["normalisation", "Normalise"]),
        ("overfitting", ["over-fitting", "Over Fitting", "overfit"]),
        ("data.image.color", ["colour", "image.colour", "data.image.colour"]),
        ("fine-tuning", ["fine tuning", "finetuning", "fine_tuning", "Fine-Tune"]),
        ("EarlyStopping", ["early stopping", "early-stopping", "early_stopping"]),
        ("class_weight", ["class weights", "Class-Weight"]),
        ("initializers", ["initialisers", "initialiser", "Initializer"]),
    ],
)
def test_spelling_makes_no_difference(word, spellings):
    assert [spelling for spelling in spellings if find(spelling) != find(word)] == []


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("rotation", "RandomRotation"),
        ("batch norm", "BatchNormalization"),
        ("early stop", "EarlyStopping"),
        ("global average pooling", "GlobalAveragePooling2D"),
        ("cosine", "CosineDecay"),
    ],
)
def test_a_part_of_a_name_finds_it(word, name):
    assert find(word).topics[0].name == name
    assert find("cosine").others[0] == "schedule:CosineDecayRestarts"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("BatchNorm2d", "BatchNormalization"),
        ("nn.Linear", "Dense"),
        ("keras.layers.Dense", "Dense"),
        ("torch.optim.Adam", "Adam"),
        ("nn.CrossEntropyLoss", "CategoricalCrossentropy"),
        ("RandomHorizontalFlip", "RandomFlip"),
        ("kaiming_normal", "HeNormal"),
    ],
)
def test_names_of_other_libraries_are_explained_as_what_they_are_here(word, name):
    assert find(word).topics[0].name == name


def test_canonical_spelling_keeps_different_words_apart():
    assert canonical("Kernel-Sizes") == canonical("kernel_size") == "kernelsize"
    assert canonical("bias") == "bias"
    assert canonical("losses") == canonical("loss")
    assert canonical("train.epochs") == "train.epoch"
    apart = [name for family in FAMILIES for name in FAMILIES[family]]
    apart = {name for name in apart if name not in FAMILIES["activation"]}
    assert len({canonical(name) for name in apart}) == len(apart)


def test_a_word_of_the_glossary_comes_first_and_a_class_spelt_exactly_before_it():
    assert named("precision")[0] == [(GLOSSARY, "precision")]
    assert find("precision").others == ["metric:Precision", "key:train.precision"]
    assert named("Precision")[0] == [("metric", "Precision")]
    assert find("activation").family == "activation"


def test_equal_meanings_are_shown_once():
    assert [(meaning.family, meaning.shared) for meaning in find("global_clipnorm").meanings] == [("optimizer", True)]
    owners = [meaning.owners for meaning in find("label_smoothing").meanings if meaning.family == "loss"]
    assert len(owners) == 2


def test_one_name_in_several_families_is_shown_of_all_or_of_the_one_that_is_asked_for():
    assert named("CategoricalCrossentropy")[0] == [
        ("loss", "CategoricalCrossentropy"), ("metric", "CategoricalCrossentropy")
    ]  # fmt: skip
    assert named("metric:CategoricalCrossentropy")[0] == [("metric", "CategoricalCrossentropy")]
    assert find("relu").others == ["layer:ReLU"]
    with pytest.raises(NotFound, match="it is for sequences"):
        find("Conv1D")


@pytest.mark.parametrize(
    ("word", "family"),
    [("layers", "layer"), ("losses", "loss"), ("learning-rate schedules", "schedule"), ("keys", KEY)],
)
def test_a_family_is_found_by_its_name(word, family):
    assert find(word).family == family


@each(
    "word, message",
    [
        ("Conv2", "did you mean 'Conv2D'"),
        ("batchnormlization", "'BatchNormalization'"),
        ("MaxPool2", "did you mean 'MaxPooling2D'"),
        ("kernl_size", "did you mean 'kernel_size'?"),
        ("batch_szie", "did you mean 'batch_size'?"),
        ("Lambda", "'Lambda' cannot be used: it runs code"),
        ("Conv2D.strids", "Conv2D has no argument 'strids'; did you mean 'strides'?"),
        ("Adam.lr", "it is called 'learning_rate'"),
        ("Flatten.x", "Flatten has no argument 'x'; it has name, trainable"),
        ("relu.slope", "relu has no argument 'slope'; it has none"),
        ("Nothing.at_all", "nothing is called 'Nothing'"),
        ("loss:Conv2D", "nothing is called 'Conv2D'"),
        ("thing:Conv2D", "no family is called 'thing'; there are layer, optimizer"),
        ("", "nothing is called ''"),
        (".", "nothing is called '.'"),
        ("...", "nothing is called"),
        (":", "no family is called ''"),
        ("zzzz", "nothing is called 'zzzz'; 'cnncli explain --list' lists every name"),
    ],
)
def test_an_unknown_word_is_reported_with_the_nearest_names(word, message):
    with pytest.raises(NotFound) as caught:
        find(word)
    assert message in str(caught.value)
