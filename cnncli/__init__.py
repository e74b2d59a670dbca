"""Train image classifiers from one YAML file.

    import cnncli

    spec = cnncli.load_spec("mnist.yaml", {"train.epochs": 5})
    run = cnncli.train(spec)
    run.evaluate()
    run.predict(["digit.png"], top_k=3)

Importing this package starts nothing: each name below is loaded when it is first used, and TensorFlow when a model is
first built.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnncli.api.checking import SpecReport as SpecReport, check_spec as check_spec
    from cnncli.api.comparing import compare as compare
    from cnncli.api.folds import Folds as Folds, open_folds as open_folds, train_folds as train_folds
    from cnncli.api.functions import (
        build_model as build_model,
        check_data as check_data,
        load_spec as load_spec,
        open_run as open_run,
        preview as preview,
        summary as summary,
        train as train,
    )
    from cnncli.api.labels import doubtful_labels as doubtful_labels
    from cnncli.api.merging import merge_predictions as merge_predictions
    from cnncli.api.results import EvaluationResult as EvaluationResult
    from cnncli.api.run import Run as Run
    from cnncli.api.tune import TuneResult as TuneResult, tune as tune
    from cnncli.errors import (
        CnncliError as CnncliError,
        DataError as DataError,
        Interrupted as Interrupted,
        NotExported as NotExported,
        Problem as Problem,
        ResourceError as ResourceError,
        RunError as RunError,
        SpecError as SpecError,
        TrainingError as TrainingError,
    )
    from cnncli.observer import TrainingObserver as TrainingObserver, TuneObserver as TuneObserver
    from cnncli.records import (
        Comparison as Comparison,
        DataReport as DataReport,
        DoubtfulLabel as DoubtfulLabel,
        Epoch as Epoch,
        Exported as Exported,
        ExportSpeed as ExportSpeed,
        HeatMap as HeatMap,
        History as History,
        ModelSummary as ModelSummary,
        Prediction as Prediction,
        Reproduction as Reproduction,
        TuneTrial as TuneTrial,
        UnreadableImage as UnreadableImage,
        WrittenPredictions as WrittenPredictions,
    )
    from cnncli.spec.schema import Spec as Spec

__version__ = "0.1.0"

_MODULES = {
    "cnncli.api.checking": ("SpecReport", "check_spec"),
    "cnncli.api.comparing": ("compare",),
    "cnncli.api.folds": ("Folds", "open_folds", "train_folds"),
    "cnncli.api.functions": ("build_model", "check_data", "load_spec", "open_run", "preview", "summary", "train"),
    "cnncli.api.labels": ("doubtful_labels",),
    "cnncli.api.merging": ("merge_predictions",),
    "cnncli.api.results": ("EvaluationResult",),
    "cnncli.api.run": ("Run",),
    "cnncli.api.tune": ("TuneResult", "tune"),
    "cnncli.errors": (
        "CnncliError",
        "DataError",
        "Interrupted",
        "NotExported",
        "Problem",
        "ResourceError",
        "RunError",
        "SpecError",
        "TrainingError",
    ),
    "cnncli.records": (
        *(
            "Comparison",
            "DataReport",
            "DoubtfulLabel",
            "Epoch",
            "Exported",
            "ExportSpeed",
            "HeatMap",
            "History",
            "ModelSummary",
        ),
        *("Prediction", "Reproduction", "TuneTrial", "UnreadableImage", "WrittenPredictions"),
    ),
    "cnncli.observer": ("TrainingObserver", "TuneObserver"),
    "cnncli.spec.schema": ("Spec",),
}

__all__ = sorted(name for names in _MODULES.values() for name in names)


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            value = globals()[name] = getattr(importlib.import_module(module), name)
            return value
    raise AttributeError(f"module 'cnncli' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
