"""What people write for what is said in another way is told as it is written here."""

import pytest
from cases import each

from cnncli.errors import SpecError
from cnncli.spec import load
from cnncli.spec.schema import Data, Image, Model, Spec, Split, Train
from cnncli.spec.sections.instead import AS_KEYS, EVERYWHERE, OF_SECTION
from cnncli.spec.sections.section import sections_of

DATA = "data: {source: mnist}\n"
MODEL = "model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}\n"
HEAD = "GlobalAveragePooling2D, {Dense: {units: classes, activation: softmax}}"

SAID = {
    "data: {source: {name: folder, path: a}}": "write '{folder: {path: a}}'",
    "data: {source: {type: csv, path: a.csv}}": "write '{table: {path: a.csv}}'",
    "data: {source: {path: a.csv}}": "write '{table: {path: a.csv}}'",
    "data: {source: {folder: photos}}": "write 'folder: {path: photos}'",
    "data: {source: {tfds: cifar10}}": "write 'tfds: {name: cifar10}'",
    "data: {source: photos}": "a folder is written '{folder: {path: photos}}'",
    "data: photos": "write '{source: {folder: {path: photos}}}'",
    "data: labels.csv": "write '{source: {table: {path: labels.csv}}}'",
    "data: cifar10": "write '{source: cifar10}'",
    "data: {source: mnist, path: photos}": "a place is the source: 'source: {folder: {path: …}}'",
    "data: {source: mnist, image_size: 64}": "write 'image: {size: 64}'",
    "data: {source: mnist, shuffle: true}": "shuffled in every epoch; leave it out",
    "data: {source: mnist, num_workers: 4}": "every core is used; leave it out",
    "data: {source: mnist, augmentation: []}": "write 'augment: [RandomFlip]' at the top level",
    "data: {source: mnist, image: 64}": "write '{size: 64}'",
    "data: {source: mnist, image: [64, 48, 3]}": "write '{size: [64, 48]}'",
    "data: {source: mnist, split: 0.2}": "write '{validation: 0.2}'",
    "data: {source: mnist, split: [0.8, 0.1, 0.1]}": "write '{validation: 0.1, test: 0.1}'",
    "data: {source: mnist, split: [0.8, 0.2]}": "write '{validation: 0, test: 0.2}'",
    "data: {source: mnist, split: {valid: 0.1}}": "did you mean 'validation'?",
    "data: {source: mnist, image: {size: '64'}}": "write 64, without quotes",
    "data: {source: mnist, image: {size: [64, 48, 3]}}": "write [64, 48]: the channels are those of data.image.color",
    "data: {source: mnist, image: {size: [1, 64, 48]}}": "write [64, 48]: the channels are those of data.image.color",
    "data: {source: mnist, image: {schedule: [{epochs: 1, size: [9, 9, 3]}]}}": "write [9, 9]: the channels are those",
    "data: {source: mnist, image: {size: 64x48}}": "or a list of height and width, got '64x48'; write [64, 48]",
    "data: {source: mnist, scale: 1/255}": "the lower one first, got '1/255'; [0, 1] divides the pixels by 255",
    "data: {source: mnist, scale: 0.0039}": "the lower one first, got 0.0039; [0, 1] divides the pixels by 255",
    "data: {source: mnist, scale: [0, 1/255]}": "got [0, '1/255']; [0, 1] divides the pixels by 255",
    "data:\n  source: mnist\n  scale: (0, 1)": "got '(0, 1)'; write [0, 1]",
    "data: {source: mnist, split: {test: 20%}}": "got '20%'; write 0.2",
    "model: resnet50": f"write '{{layers: [ResNet50, {HEAD}]}}'",
    "model: [Flatten]": "write '{layers: [Flatten]}'",
    "model: {layers: [Flatten], backbone: ResNet50}": "a pretrained network is a layer",
    "model: {}": "'model' needs 'layers': Keras layers and blocks by name",
    "train: 10": "write '{epochs: 10}'",
    "train: {epochs: '5'}": "got '5'; write 5, without quotes",
    "train: {epochs: 1e2}": "got 100.0; write 100",
    "train: {optimizer: {Adam: {learning_rate: '0.1'}}}": "got '0.1'; write 0.1, without quotes",
    "train: {epochs: 2**5}": "expected a whole number of 1 or more, got '2**5'; write 32",
    "train:\n  batch_size: 1,024": "got '1,024'; write 1024",
    "train: {class_weight: {'0': 1/2}}": "got '1/2'; write 0.5",
    "train: {optimizer: {Adam: {learning_rate: 1/1000}}}": "got '1/1000'; write 0.001",
    "train: {max_time: 5*60}": "got '5*60'; write 300",
    "model: {layers: [{Dropout: {rate: 50%}}]}": "got '50%'; write 0.5",
    "model: {layers: [{Conv2D: {filters: 8, kernel_size: 3x3}}]}": "or a list of 2 numbers, got '3x3'; write [3, 3]",
    "model: {layers: [{Conv2D: {filters: 8, kernel_size: (3, 3)}}]}": "got '(3'; a list is written in square brackets",
    "train: {epochs: '5,'}": "got '5,'; write 5, without the comma",
    "train: {jit_compile: yes}": "expected true or false, got 'yes'; write true",
    "train: {deterministic: 0}": "expected true or false, got 0; write false",
    "train: {max_time: None}": "got 'None'; write null",
    "train:\n  epochs = 5": "got 'epochs = 5'; did you mean 'epochs: 5'?",
    "train: {weight_decay: 0.1}": "it belongs to the optimizer",
    "train: {scheduler: cosine}": "a schedule is the learning rate of the optimizer",
    "train: {patience: 3}": "write 'callbacks: [{EarlyStopping: {patience: 5}}]'",
    "train: {mixed_precision: true}": "write 'precision: auto'",
    "train: {optimizer: [Adam]}": "expected the name of an optimizer, or 'Name: {argument: value}', got ['Adam']",
}


def problems_of(text):
    rest = (DATA if not text.startswith("data") else "") + (MODEL if not text.startswith("model") else "")
    with pytest.raises(SpecError) as caught:
        load(f"{text}\n{rest}")
    return [problem.message for problem in caught.value.problems]


@each("text, said", SAID.items())
def test_how_it_is_written_here(text, said):
    assert any(said in message for message in problems_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "train: {epochs: ten}",
        "train: {epochs: yes}",
        "train: {epochs: none}",
        "train: {epochs: 1.5}",
        "train: {epochs: '-1'}",
        "train: {epochs: 1/0}",
        "train: {epochs: 5/2}",
        "train: {epochs: 9**9**9}",
        "train: {epochs: 150%}",
        "data: {source: mnist, image: {size: [64, 48, 32]}}",
        "data: {source: mnist, image: {size: [0, 48, 3]}}",
        "data: 5",
    ],
)
def test_nothing_is_proposed_that_would_be_refused(text):
    assert not any("write" in message for message in problems_of(text))


def test_no_line_hides_a_key():
    classes = dict(sections_of(Spec))
    assert classes.keys() >= OF_SECTION.keys() | AS_KEYS.keys()
    for path, words in OF_SECTION.items():
        assert not words.keys() & classes[path].spec_keys().keys()
    keys = {key for section in (Data, Image, Model, Split, Train, Spec) for key in section.spec_keys()}
    assert not EVERYWHERE.keys() & keys - {"extends"}
