"""What splits are called: names of folders, of values in a table, and of parts of a data set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby, pairwise

SPLITS = ("train", "validation", "test")

SPLIT_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("validation", "validate", "validating", "valid", "val", "dev", "development"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "heldout"), "test"),
}
"""The split that a word stands for."""

_EITHER = frozenset({"eval", "evaluation", "evaluate"})
"""Words for validation images where there are test images as well, and the other way round."""

_COMPETITION = {("test", ("public",)): "validation", ("test", ("private",)): "test"}

_WITHOUT_LABELS = frozenset(
    {"pred", "predict", "prediction", "predictions", "unlabelled", "unlabeled", "unknown", "submission", "all"}
)

_SAYING_NOTHING = frozenset(
    {"set", "sets", "data", "dataset", "image", "images", "img", "imgs", "picture", "pictures", "photo", "photos"}
    | {"sample", "samples", "split", "folder", "dir", "files"}
)

_MAY_NAME = re.compile("train|trn|val|dev|test|tst|hold|held", re.IGNORECASE)
"""Part of every name of a split; a thousand names of classes are told from them in no time."""

_FOLD = re.compile(r"((k )?folds?|cv|cross ?validation|part|split|batch|subset|partition|group)? ?\d+")


@cache
def split_of(name: str) -> str | None:
    """The split that a name stands for: `Train`, `training_set`, `valImages` …; None for any other name."""
    return splits_named([name]).get(name)


def splits_named(names: Iterable[str]) -> dict[str, str]:
    """The split of each of these names that stands for one, in any case and with the usual additions.

    `seg_train` and `seg_test` are splits because what they share, and nothing else, stands beside the word; `steam
    train` and `test tube` are not. `eval` means validation where there are test images too, and test where there are
    others to validate on. Of `PublicTest` and `PrivateTest`, as competitions have them, the public one validates.

    Example:
        >>> splits_named(["Train", "test_images", "owl"])
        {'Train': 'train', 'test_images': 'test'}
    """
    parsed = {name: pair for name in names if _MAY_NAME.search(name) and (pair := _parsed(name)) is not None}
    splits: dict[str, str] = {}
    either = []
    of_competition = {name: _COMPETITION[pair] for name, pair in parsed.items() if pair in _COMPETITION}
    if len(set(of_competition.values())) == len(_COMPETITION):
        splits |= of_competition
    for rest, group in groupby(sorted(parsed.items(), key=lambda item: item[1][1]), key=lambda item: item[1][1]):
        same_rest = {name: split for name, (split, _) in group}
        if rest and len(set(same_rest.values())) < 2:
            continue
        either += [name for name, split in same_rest.items() if not split]
        splits |= {name: split for name, split in same_rest.items() if split}
    others = {"validation", "test"} - set(splits.values())
    if len(either) == 1 and len(others) == 1:
        splits[either[0]] = others.pop()
    return {name: splits[name] for name in parsed if name in splits}


def is_without_labels(name: str) -> bool:
    """Whether a name says that the images are there to be predicted: `seg_pred`, `unlabelled` …"""
    return not _WITHOUT_LABELS.isdisjoint(_words(name))


def says_nothing(name: str) -> bool:
    """Whether a name says no more than that there are images: `data`, `Images`, `photo_set` …"""
    words = _words(name)
    return bool(words) and _SAYING_NOTHING.issuperset(words)


def names_no_class(name: str) -> bool:
    """Whether a folder within a split stands for all its images: `test/test`, `test/unknown`, `test/0` …"""
    return is_without_labels(name) or says_nothing(name) or split_of(name) is not None or name.isdecimal()


def is_fold(name: str) -> bool:
    """Whether a name is that of one of several equal parts: `fold_1`, `cv2`, `3` …"""
    return bool(_FOLD.fullmatch(" ".join(_words(name))))


def _parsed(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The split in a name, empty for either of two, and the words beside it that say something."""
    words = [word for word in _words(name) if word not in _SAYING_NOTHING and not word.isdecimal()]
    for index, pair in enumerate(pairwise(words)):
        if "".join(pair) in SPLIT_WORDS:  # hold out
            words[index : index + 2] = ["".join(pair)]
            break
    known = [index for index, word in enumerate(words) if word in SPLIT_WORDS or word in _EITHER]
    if len(known) != 1:
        return None
    word = words.pop(known[0])
    return SPLIT_WORDS.get(word, ""), tuple(words)


def _words(name: str) -> list[str]:
    """The words of a name in lower case: `TrainSet_2` gives `train`, `set` and `2`."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold()
    words = re.findall(r"[^\W\d_]+|\d+", parted)
    return [part for word in words for part in _parted(word)]


def _parted(word: str) -> list[str]:
    """`trainset` as `train` and `set`."""
    for ending in _SAYING_NOTHING:
        if word.endswith(ending) and word.removesuffix(ending) in SPLIT_WORDS:
            return [word.removesuffix(ending), ending]
    return [word]
