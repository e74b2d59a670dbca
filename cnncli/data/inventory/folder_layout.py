"""How a folder of images is divided: into classes, or into splits that hold the classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.names.classes import Classes
from cnncli.data.names.split_names import (
    SPLITS,
    is_fold,
    is_without_labels,
    names_no_class,
    says_nothing,
    split_of,
    splits_named,
)
from cnncli.errors import DataError
from cnncli.wording import nearest, some

_MOVE = "move these away, or say in data.split.folder which folders are which splits, or list all in data.classes"
_TWO = "keep one, or say in data.split.folder which folders are which splits"


@dataclass(frozen=True)
class Layout:
    """Where in a folder the images are. Places end in a slash; the folder itself is an empty place.

    Args:
        places: For each split, training first, the places of its class folders.
        without_labels: Places whose images have no class, such as those of a flat `test`.
        not_used: Folders that are in no split because `data.split.folder` does not name them.
    """

    places: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"train": ("",)})
    without_labels: tuple[str, ...] = ()
    not_used: tuple[str, ...] = ()

    @property
    def has_splits(self) -> bool:
        """Whether the folders in the folder are splits, not classes."""
        return self.places != {"train": ("",)}


def layout_of(
    root: Path, contents: FolderInventory, classes: Classes, split_folders: Mapping[str, str] | None = None
) -> Layout:
    """Finds out what the folders in a folder are.

    They are what `split_folders` says; or else classes when `classes` names them all; or else splits when their names
    are those of splits and there are class folders in them; or else classes.

    Raises:
        DataError: They can be taken for classes and for splits, or their splits contradict each other.
    """
    folders = contents.folders()
    if split_folders:
        return _as_told(root, contents, folders, split_folders)
    if classes is not None and all(str(name) in folders for name in classes):  # a class may well be called `train`
        return Layout()
    splits = splits_named(folders)
    if training := [name for name in splits if splits[name] == "train" and contents.folders(f"{name}/")]:
        return _divided(root, contents, folders, splits, _unwrapped(contents, training[0]))
    if len(splits) > 1 and all(name in splits or is_without_labels(name) for name in folders):
        raise DataError(
            f"{root} has the splits {some(splits)}, but "
            + ("training images have no class folders" if "train" in splits.values() else "none to train on"),
            f"expected {root}/train/CLASS/IMAGE",
        )
    _refuse_splits_of_other_names(root, contents, folders)
    return Layout()


def require_different(root: Path, folders: Collection[str]) -> None:
    """Links can make two folders the same one, and then every image would be counted twice."""
    seen: dict[tuple[int, int], str] = {}
    for folder in folders:
        status = (root / folder).stat()
        twin = seen.setdefault((status.st_dev, status.st_ino), folder)
        if twin != folder:
            raise DataError(f"{root / twin} and {root / folder} are the same folder", "one is a link: remove it")


def innermost(contents: FolderInventory, place: str = "") -> str:
    """The place within folders that hold one folder and nothing else, as archives often unpack."""
    while len(folders := contents.folders(place)) == 1 and contents.folders(f"{place}{folders[0]}/"):
        place = f"{place}{folders[0]}/"
    return place


def _divided(
    root: Path, contents: FolderInventory, folders: Sequence[str], splits: Mapping[str, str], training: str
) -> Layout:
    """The layout of folders whose names are those of splits; `training` is the place of training's class folders."""
    places: dict[str, tuple[str, ...]] = {}
    without_labels = []
    for name, split in splits.items():
        place = _unwrapped(contents, name)
        inside = contents.folders(place)
        if split == "train" and not inside:
            continue  # named with the other folders
        if not inside and not contents.images(place):
            raise DataError(f"{root / place} is empty: no class folders", "add them, or remove the folder")
        if split != "train" and _has_no_labels(contents, place, contents.folders(training)):
            without_labels.append(place)
        elif split in places:
            two = f"{places[split][0].split('/')[0]} and {name}"
            raise DataError(f"{root} has two folders of {split} images, {two}", _TWO)
        else:
            places[split] = (place,)
    used = [place.split("/")[0] for place in (*(one for (one,) in places.values()), *without_labels)]
    others = [name for name in folders if name not in used and contents.images(f"{name}/")]
    without_labels += [f"{name}/" for name in others if is_without_labels(name)]
    if beside := [name for name in others if not is_without_labels(name)]:
        raise DataError(f"{root} has the splits {some(used)} and beside them {some(beside)}", _MOVE)
    return Layout({split: places[split] for split in SPLITS if split in places}, tuple(without_labels))


def _has_no_labels(contents: FolderInventory, place: str, training: Collection[str]) -> bool:
    """Whether the images of a place have no class folders, or a single one that stands for all: `test/unknown`."""
    folders = contents.folders(place)
    if len(folders) == 1 and folders[0] not in training and names_no_class(folders[0]):
        return not contents.folders(f"{place}{folders[0]}/")
    return not folders


def _unwrapped(contents: FolderInventory, name: str) -> str:
    """The place of a split, also where archives put it into a folder of the same meaning: `seg_train/seg_train/`.

    Beside a folder such as `images`, others without images do not count: they are for annotations.
    """
    place = f"{name}/"
    while folders := contents.folders(place):
        named = [each for each in folders if len(folders) == 1 or says_nothing(each)]
        if len(named) != 1 or any(contents.images(f"{place}{each}/") for each in folders if each not in named):
            break
        (inner,) = named
        same = inner.casefold() == name.casefold() or says_nothing(inner)
        if not (same or split_of(inner) is not None) or not contents.folders(f"{place}{inner}/"):
            break
        place = f"{place}{inner}/"
    return place


def _as_told(root: Path, contents: FolderInventory, folders: Sequence[str], split_folders: Mapping[str, str]) -> Layout:
    """The layout that `data.split.folder` sets; a folder may be a path, and several may make up one split."""
    places: dict[str, tuple[str, ...]] = {}
    for name, split in split_folders.items():
        path = name.strip("/")
        inside = "/".join(path.split("/")[:-1])
        if path.split("/")[-1] not in contents.folders(f"{inside}/" if inside else ""):
            near = nearest(path, folders)
            raise DataError(f"data.split.folder: {root} has no folder '{name}'{near}", f"it has {some(folders)}")
        place = _unwrapped(contents, path)
        if not contents.folders(place):
            raise DataError(
                f"data.split.folder: {root / place} has no class folders, so its images have no labels",
                "leave it out of data.split.folder",
            )
        places[split] = (*places.get(split, ()), place)
    named = {path.strip("/").split("/")[0] for path in split_folders}
    not_used = tuple(name for name in folders if name not in named)
    return Layout({split: places[split] for split in SPLITS if split in places}, (), not_used)


def _refuse_splits_of_other_names(root: Path, contents: FolderInventory, folders: Sequence[str]) -> None:
    """Folders that hold the same folders are seldom classes; taken for some, a network learns which part it sees."""
    inside = {name: contents.folders(innermost(contents, f"{name}/")) for name in folders}
    times = Counter(each.casefold() for names in inside.values() for each in names)
    common = {name: [each for each in names if times[each.casefold()] > 1] for name, names in inside.items()}
    alike = [name for name, shared in common.items() if len(shared) > 1 and 2 * len(shared) > len(inside[name])]
    if len(alike) < 2:
        return
    shared = common[alike[0]]
    each_holds = f"{root} has the folders {some(alike)}, and each of them holds the folders {some(shared)}"
    as_classes = f"data.classes: [{some(alike)}]"
    if set(splits_named(shared)) == set(shared):
        if all(is_fold(name) and not name.isdigit() for name in alike):  # a number alone may be a class
            raise DataError(f"{each_holds}: each is a division of its own", f"did you mean {root / alike[0]}?")
        raise DataError(
            f"{each_holds}: the splits are within the classes, and all their images would be mixed",
            f"move the images to {root}/{shared[0]}/{alike[0]} and so on; or, to mix them, set {as_classes}",
        )
    parts = "the folds of a cross-validation" if all(map(is_fold, alike)) else "splits"
    roles = [*["train"] * (len(alike) - 1), "test"]
    example = ", ".join(f"{name}: {role}" for name, role in zip(alike, roles, strict=True))
    raise DataError(
        f"{each_holds}: they look like {parts} of the classes {some(shared)}, not like classes",
        f"if they are {parts}, say which: data.split.folder: {{{example}}}, or rename them to train, validation and "
        f"test; if they are classes, set {as_classes}",
    )
