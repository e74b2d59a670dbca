"""A hundred specs that are broken, or meant to do harm: the text, and a part of what is said of each."""

from __future__ import annotations

GOOD = """\
data:
  source: mnist
model:
  layers:
    - Conv2D: {filters: 8, kernel_size: 3}
    - Flatten
    - Dense: {units: classes, activation: softmax}
train:
  epochs: 2
"""

TOUCH = 'import os; open(os.environ["CANARY"], "w")'


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def layer(text: str) -> str:
    """The good spec with another first layer."""
    return changed("Conv2D: {filters: 8, kernel_size: 3}", text)


def source(text: str) -> str:
    return changed("source: mnist", f"source: {text}")


EXECUTES = {
    "python object": ("a: !!python/object/apply:os.system ['touch $CANARY']", "tags"),
    "python name": (source("!!python/name:os.system"), "tags"),
    "python module": (source("!!python/module:os"), "tags"),
    "python object new": (f"a: !!python/object/new:exec ['{TOUCH}']", "tags"),
    "python tuple": (changed("epochs: 2", "epochs: !!python/tuple [1]"), "tags"),
    "binary": (changed("mnist", "!!binary bW5pc3Q="), "tags"),
    "include": (changed("mnist", "!include secret.txt"), "'!include'"),
    "environment": (changed("mnist", "!env HOME"), "'!env'"),
    "own tag handle": ("%TAG ! tag:yaml.org,2002:python/\n---\na: !name:os.system", "tags"),
    "lambda layer": (layer(f"Lambda: {{function: '{TOUCH}'}}"), "Lambda"),
    "lambda as text": (layer("'lambda x: x'"), "unknown layer"),
    "dotted import": (layer("os.system: {command: touch}"), "unknown layer"),
    "module wrapper": (layer("TorchModuleWrapper: {module: x}"), "TorchModuleWrapper"),
    "saved model layer": (layer("TFSMLayer: {filepath: /etc}"), "TFSMLayer"),
    "vocabulary from a file": (layer("StringLookup: {vocabulary: /etc/passwd}"), "StringLookup"),
    "keras config": (layer("{class_name: Lambda, config: {function: x}}"), "model.layers[0]"),
    "module in arguments": (layer("Dense: {units: 4, module: os}"), "unknown argument"),
    "code as activation": (layer(f"Dense: {{units: 4, activation: '{TOUCH}'}}"), "activation"),
    "object as activation": (layer("Dense: {units: 4, activation: {Lambda: {}}}"), "activation"),
    "code as initializer": (layer("Dense: {units: 4, kernel_initializer: 'os.system'}"), "kernel_initializer"),
    "code as units": (layer("Dense: {units: '__import__(\"os\").getpid()'}"), "units"),
    "code as epochs": (changed("epochs: 2", "epochs: '1+1'"), "expected a whole number"),
    "expression outside of a block": (layer("Dense: {units: $(touch /tmp/x)}"), "$"),
    "code as callback": (changed("epochs: 2", "callbacks: [{LambdaCallback: {on_epoch_end: x}}]"), "LambdaCallback"),
    "code as loss": (changed("epochs: 2", f"loss: '{TOUCH}'"), "loss"),
    "code as augmentation": (GOOD + f"augment:\n  - '{TOUCH}'\n", "augment"),
}

BOMBS = {
    "a billion laughs": (
        "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
                  + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]), "expand to more than"),
    "a billion keys": (
        "\n".join(["a0: &a0 {x: 1}"]
                  + [f"a{i}: &a{i} {{{', '.join(f'k{j}: *a{i - 1}' for j in range(9))}}}" for i in range(1, 10)]),
        "expand to more than"),
    "a tower of merges": ("\n".join(["a0: &a0 {x: 1}", *(f"a{i}: &a{i} {{<<: *a{i - 1}}}" for i in range(1, 200))]),
                          "deeper than"),
    "deep lists": ("a: " + "[" * 100_000, "nested deeper"),
    "deep mappings": ("{a: " * 5000, "nested deeper"),
    "deep indentation": ("\n".join(" " * i + "a:" for i in range(500)), "nested deeper"),
    "many values": ("a: [" + "1," * 50_001 + "]", "at most"),
    "large": ("#" * (1 << 20) + "\n\n", "too large"),
    "a long key": ("? " + "k" * 100_000 + "\n: 1", "unknown key"),
    "a long value": (source("x" * 100_000), "expected one of mnist"),
    "a long number": (changed("epochs: 2", "epochs: " + "9" * 5000), "5000 digits"),
    "a large number": (changed("epochs: 2", "epochs: 1e999"), "too large"),
    "recursion": ("a: &a [*a]", "refers to itself"),
    "recursion by merging": ("a: &a\n  <<: *a", "<<"),
    "many problems": ("\n".join(f"key{i}: 1" for i in range(500)), "unknown key"),
    "layers without end": (
        "data: {source: mnist}\nmodel:\n  blocks:\n    a: {layers: [{Dense: {units: 1}}]}\n"
        "  layers: [{a: {repeat: 1000000000}}]", "model"),
    "blocks of blocks": (
        "data: {source: mnist}\nmodel:\n  blocks:\n    a0: {layers: [{Dense: {units: 1}}]}\n"
        + "".join(f"    a{i}: {{layers: [{{a{i - 1}: {{repeat: 10}}}}]}}\n" for i in range(1, 9))
        + "  layers: [a8]\n", "model"),
    "a block that uses itself": (
        "data: {source: mnist}\nmodel:\n  blocks:\n    a: {layers: [a]}\n  layers: [a]\n", "itself"),
    "more weights than there is memory": (layer("Dense: {units: 1000000000000}"), "model.layers"),
}  # fmt: skip

SYNTAX = {
    "empty": ("", "empty"),
    "comments": ("# nothing\n", "empty"),
    "list": ("- a\n- b", "a spec is a mapping"),
    "word": ("mnist", "a spec is a mapping"),
    "null": ("~", "a spec is a mapping"),
    "two documents": (GOOD + "---\na: 1\n", "a single YAML document"),
    "tabs": ("data:\n\tsource: mnist", "tabs"),
    "not closed": ("data: {source: mnist", "the end of the text"),
    "quote not closed": ("data: 'mnist", "never closed"),
    "colon": ("data: source: mnist", "not allowed here"),
    "unknown anchor": (source("*other"), "no anchor"),
    "anchor twice": ("a: &x 1\nb: &x 2\n", "anchor"),
    "duplicate key": (GOOD + "data: {source: cifar10}\n", "already set at line 1"),
    "list as key": ("? [a, b]\n: 1", "must be a word"),
    "latin 1": (b"name: caf\xe9\n", "UTF-8"),
    "control character": ("name: a\x07b", "U+0007"),
    "escape sequence": ("name: \x1b[31mred", "U+001B"),
    "null character": (b"name: a\0b", "U+0000"),
    "half a character": ('name: "\\ud800"', "invalid Unicode escape"),
    "leading zero": (changed("epochs: 2", "epochs: 010"), "write 10"),
    "yaml 3": ("%YAML 3.0\n---\na: 1", "version"),
    "html": ("<!DOCTYPE html>\n<html></html>\n", "mapping"),
    "binary file": (bytes(range(256)), "UTF-8"),
    "utf-16 cut": (b"\xff\xfea", "UTF-8"),
}

NAMES = {
    "name above": ("name: ../../outside\n" + GOOD, "letters, digits"),
    "name absolute": ("name: /etc/cron.d/x\n" + GOOD, "letters, digits"),
    "name of an option": ("name: -rf\n" + GOOD, "letters, digits"),
    "name of dots": ("name: ..\n" + GOOD, "letters, digits"),
    "name hidden": ("name: .hidden\n" + GOOD, "letters, digits"),
    "name of a device": ("name: CON\n" + GOOD, "letters, digits"),
    "name long": ("name: " + "n" * 300 + "\n" + GOOD, "letters, digits"),
    "name with a line": ('name: "a\\nerror: b"\n' + GOOD, "letters, digits"),
    "name with markup": ("name: '[red]a[/red]'\n" + GOOD, "letters, digits"),
    "name with colour": ('name: "\\e[31m"\n' + GOOD, "letters, digits"),
    "name that reorders": ('name: "a\\u202Eb"\n' + GOOD, "letters, digits"),
    "layer name above": (layer("Flatten: {name: ../../outside}"), "name"),
    "layer name with a slash": (layer("Flatten: {name: a/b}"), "name"),
    "layer name twice": (layer("Flatten: {name: a}\n    - Flatten: {name: a}"), "name"),
    "key with markup": (GOOD + "'[bold red]x[/]': 1\n", "unknown key"),
    "key with colour": (GOOD + '"\\e[31mx": 1\n', "unknown key"),
    "extends a secret": ("extends: ../neighbour/secret.txt\n" + GOOD, "secret.txt"),
    "extends itself": ("extends: spec.yaml\n" + GOOD, "back to this file"),
    "extends a device": ("extends: /dev/zero\n" + GOOD, "is not a regular file"),
    "extends a folder": ("extends: /\n" + GOOD, "folder"),
    "extends no path": ('extends: "a\\0b"\n' + GOOD, "extends"),
    "extends a long path": ("extends: " + "a/" * 5000 + "\n" + GOOD, "extends"),
    "extends a list": ("extends: [a, b]\n" + GOOD, "the path of another spec"),
    "classes that are no names": (GOOD.replace("mnist", "mnist\n  classes: [[../x], {a: b}]"), "classes"),
    "a class without a name": (GOOD.replace("mnist", "mnist\n  classes: ['', a]"), "classes"),
}

VALUES = {
    "nothing but data": ("data: {source: mnist}", "model"),
    "no epochs": (changed("epochs: 2", "epochs: 0"), "1 or more"),
    "fewer than no epochs": (changed("epochs: 2", "epochs: -1"), "1 or more"),
    "half an epoch": (changed("epochs: 2", "epochs: 2.5"), "whole number"),
    "true epochs": (changed("epochs: 2", "epochs: true"), "whole number"),
    "epochs of a list": (changed("epochs: 2", "epochs: [2]"), "whole number"),
    "a seed below zero": ("seed: -1\n" + GOOD, "seed"),
    "a seed of 2 to the 64": ("seed: 18446744073709551616\n" + GOOD, "seed"),
    "nan as a rate": (changed("epochs: 2", "optimizer: {Adam: {learning_rate: .nan}}"), "learning_rate"),
    "an infinite rate": (changed("epochs: 2", "optimizer: {Adam: {learning_rate: .inf}}"), "learning_rate"),
    "all units dropped": (layer("Dropout: {rate: 1.5}"), "rate"),
    "no filters": (layer("Conv2D: {filters: 0, kernel_size: 3}"), "filters"),
    "negative kernel": (layer("Conv2D: {filters: 1, kernel_size: -3}"), "kernel_size"),
    "kernel of three axes": (layer("Conv2D: {filters: 1, kernel_size: [1, 2, 3]}"), "kernel_size"),
    "image of no size": (changed("mnist", "mnist\n  image: {size: 0}"), "size"),
    "scale the wrong way": (changed("mnist", "mnist\n  scale: [1, 0]"), "the lower one first"),
    "split of more than all": (changed("mnist", "mnist\n  split: {validation: 1.5}"), "validation"),
    "unknown source": (source("imagenet_full"), "expected one of mnist"),
    "source without a path": (source("{folder: {}}"), "needs 'path'"),
    "path that is a number": (source("{folder: {path: 5}}"), "expected a path"),
    "unknown optimizer": (changed("epochs: 2", "optimizer: Adamm"), "Adam"),
    "unknown metric": (changed("epochs: 2", "metrics: [acuracy]"), "accuracy"),
    "unknown key": (changed("epochs: 2", "epochz: 2"), "epochs"),
    "layers of nothing": ("data: {source: mnist}\nmodel: {layers: []}", "layers"),
    "layers of null": ("data: {source: mnist}\nmodel: {layers: [~]}", "layers[0]"),
    "layers of a word": ("data: {source: mnist}\nmodel: {layers: Dense}", "layers"),
    "two layers in one": (layer("{Flatten: {}, Dense: {units: 1}}"), "layers[0]"),
    "data is a list": ("data: [mnist]\nmodel: {layers: [Flatten]}", "data"),
    "window larger than the image": (layer("MaxPooling2D: {pool_size: 100}"), "larger than its input image"),
}

SPECS = {
    f"{group}: {name}": case
    for group, cases in (
        ("executes", EXECUTES), ("bombs", BOMBS), ("syntax", SYNTAX), ("names", NAMES), ("values", VALUES)
    )
    for name, case in cases.items()
}  # fmt: skip

OVERRIDES = {
    "no equals sign": ("train.epochs", "expected key=value"),
    "no key": ("=5", "expected key=value"),
    "a key of dots": ("...=5", "expected key=value"),
    "an open bracket": ("model.layers[0=5", "expected key=value"),
    "an index of 5000 digits": ("model.layers[" + "9" * 5000 + "]=Flatten", "expected key=value"),
    "an index beyond the end": ("model.layers[99]=Flatten", "no item"),
    "a power as an index": ("model.layers.²=Flatten", "no item"),
    "a path of 20,000 keys": ("a" + ".a" * 20_000 + "=5", "nested deeper"),
    "below a number": ("train.epochs.x=5", "has no keys to set"),
    "a tag": ("train.epochs=!!python/name:os.system", "tags"),
    "a bomb": ("data.exclude=[" + "x," * 60_000 + "]", "at most"),
    "a tower": ("a=" + "[" * 50_000, "nested deeper"),
    "an escape sequence": ("train.epochs=\x1b[31m", "U+001B"),
    "bytes that are no text": ("train.epochs=\udcff", "U+DCFF"),
    "a name above": ("name=../../x", "letters, digits"),
    "another file": ("extends=../neighbour/secret.txt", "extends"),
}
