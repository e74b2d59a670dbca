"""What `data.split` may ask of a source that divides its images itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cnncli.errors import Problem
from cnncli.spec.schema import Split


def contradictions(split: Split, own: Collection[str]) -> Iterator[Problem]:
    """Parts that a spec asks for although the source has these images already.

    What the source divides stays divided, so a part of another size could only be passed over in silence. The one
    wish that can be granted is `validation: 0`, to use none of its validation images.

    Args:
        split: the section of the spec; only what is written there counts, not its defaults.
        own: the splits that the source has.
    """
    if "test" in own and "test" in split.set_keys:
        yield Problem(
            ("data", "split", "test"), "the source has test images of its own, and they are used; leave 'test' out"
        )
    if "validation" in own and "validation" in split.set_keys and split.validation != 0:
        yield Problem(
            ("data", "split", "validation"),
            "the source has validation images of its own, and they are used; leave 'validation' out, or write 0 to "
            "use none of them",
        )
