"""The specs that come with cnncli, found and listed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cnncli.errors import ResourceError

_ON = re.compile(r"\bTest accuracy [01]\.\d+(?: \([^)]*\))? on (\d+) of \d+ photographs")
_MEASURED = re.compile(r"\bTest accuracy ([01]\.\d+)")


@dataclass(frozen=True)
class Shipped:
    """One of the specs that come with cnncli."""

    name: str  # its path without suffix, such as `mnist/deeper`
    file: Path
    heading: tuple[str, ...]  # lines of its first comment, without the `#`

    @property
    def description(self) -> str:
        """Its description, the first paragraph of the heading."""
        lines = self.heading[: self.heading.index("")] if "" in self.heading else self.heading
        return " ".join(lines)

    @property
    def test_images(self) -> int | None:
        """The number of test images that the accuracy was measured on; None where the heading does not say it."""
        measured = _ON.search(" ".join(self.heading))
        return int(measured[1]) if measured else None

    @property
    def accuracy(self) -> float | None:
        """The measured test accuracy; None if it was not measured."""
        measured = _MEASURED.search(" ".join(self.heading))
        return float(measured[1]) if measured else None


def shipped() -> list[Shipped]:
    """All shipped specs by name, those of the top folder first.

    Raises:
        ResourceError: they are not installed.
    """
    folder = _folder()
    files = sorted(folder.rglob("*.yaml"), key=lambda file: (len(file.parts), file.with_suffix("").parts))
    return [Shipped(file.relative_to(folder).with_suffix("").as_posix(), file, _heading(file)) for file in files]


def template_called(path: Path) -> str:
    """The name of the shipped spec that a path is called like, `configs/mnist.yaml` or `mnist`; empty for others."""
    name = "/".join(path.with_suffix("").parts[-2:]).removeprefix("configs/")
    return next((one.name for one in shipped() if one.name in (name, path.stem)), "")


def _folder() -> Path:
    """The folder of the shipped specs: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).parents[1]
    for parent in (package, package.parent):
        if (parent / "configs" / "mnist.yaml").is_file():
            return parent / "configs"
    raise ResourceError(f"the shipped specs are missing from '{package}'", "reinstall cnncli")


def _heading(file: Path) -> tuple[str, ...]:
    lines = []
    for line in file.read_text("utf-8").split("\n"):
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").removeprefix(" "))
    return tuple(lines)
