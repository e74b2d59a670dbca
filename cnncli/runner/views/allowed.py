"""The views of an image that a run has for test-time augmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncli.errors import RunError
from cnncli.insight.views import Views, views_of

if TYPE_CHECKING:
    from cnncli.runner.open_run import OpenRun


def required_views(run: OpenRun) -> Views:
    """The views of an image that the augmentations of a run allow.

    Raises:
        RunError: They allow none.
    """
    views = views_of(run.spec.augment, run.input_spec.shape)
    if views is None:
        raise RunError(
            f"'{run.path}' was not trained on flipped or shifted images, so --tta has no views to average",
            "train with RandomFlip or RandomTranslation, or with flips or shifts of ImageDataGenerator, in 'augment'",
        )
    return views
