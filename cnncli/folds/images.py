"""The images of a group that is continued: those that its first runs were trained on, where they are now."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from cnncli.errors import RunError, SpecError
from cnncli.notices import Notice
from cnncli.runner.inputs.moved_images import moved_to
from cnncli.runner.inputs.own_files import with_own_files
from cnncli.runner.inputs.preconditions import images_of_run
from cnncli.runner.open_run import OpenRun
from cnncli.runner.training.new_place import name_place, require_same_images
from cnncli.runner.training.spec_file import portable_source
from cnncli.runs.groups import FINAL, GroupDir
from cnncli.spec import LoadedSpec, Spec, load
from cnncli.spec.writer import spec_text
from cnncli.wording import in_shell


def spec_of(group: GroupDir) -> Spec:
    """The spec of a group, without the division, with the corrections that it recorded.

    Raises:
        RunError: The record is missing or damaged.
    """
    spec = _loaded(group).spec
    return spec.replace(data=with_own_files(spec.data, group.path))


def _loaded(group: GroupDir) -> LoadedSpec:
    try:
        return load(group.record.spec, is_complete=True)
    except SpecError as error:
        raise RunError(f"'{group.path}' is not a complete group: its spec is damaged: {error.message}") from None


def images_as_recorded(subject: OpenRun | GroupDir) -> AbstractContextManager[None]:
    """Inside, images of a run or group are read from where it says; ones that are gone are told with what moves them.

    Raises:
        DataError: They are not there.
        RunError: The records are damaged.
    """
    data = (spec_of(subject) if isinstance(subject, GroupDir) else subject.spec).data
    return images_of_run(data, how=f"cnncli resume {in_shell(subject.path)} --data PATH")


def require_recorded_images(group: GroupDir, moved: Path | None, notice: Notice) -> None:
    """Refuses images that are not those of the runs that have begun, before one of the others is trained on them.

    A run that is under way looks at its images itself.

    Args:
        group: The group.
        moved: Where the images are now, if they were moved: then those of finished runs are looked at, too.
        notice: Receives warnings.

    Raises:
        DataError: Images are missing or have changed.
        RunError: Records are damaged.
    """
    begun = [run for run in group.runs if run.data.exists()]
    if moved is None and len(begun) == len(group.runs):
        return
    # Each fold has all images, and the run on all of them those for testing as well, which the source may have
    for run in map(OpenRun, [*begun[:1], *(run for run in begun[1:] if run.name == FINAL)]):
        require_same_images(run, moved, notice)


def move(group: GroupDir, moved: Path) -> None:
    """Has a group and each of its runs name the place where the images are now; they were looked at before.

    The record of the group comes last: what is killed before is done again.
    """
    begun = [run for run in group.runs if run.data.exists()]
    for run in begun:
        with run.locked():
            name_place(OpenRun(run), moved)
    loaded = _loaded(group)
    plain, data = loaded.document.value, moved_to(loaded.spec.data, moved)
    there = {**plain["data"], "source": portable_source(data.source).plain()}
    if data.classes is None and data.source.has_files and begun:  # a folder or table may have more classes by now
        there["classes"] = list(OpenRun(begun[0]).class_names)
    group.write_record(replace(group.record, spec=spec_text({**plain, "data": there})))
