"""Frozen results: what the runner returns, and what reports are made from."""

from cnncli.records.comparison import Comparison
from cnncli.records.data import Affected, DataReport, Finding, Severity
from cnncli.records.exports import Exported, ExportSpeed
from cnncli.records.heatmap import Covered, HeatMap
from cnncli.records.images import (
    AugmentationGain,
    Evaluation,
    Prediction,
    UnreadableImage,
    WrittenPredictions,
)
from cnncli.records.labels import DoubtfulLabel
from cnncli.records.model import LayerRow, ModelSummary, TrainingMemory
from cnncli.records.search import TuneTrial
from cnncli.records.training import Epoch, History, LoadedLayer, LoadedWeights, Reproduction, StageStarted

__all__ = [
    "Affected",
    "AugmentationGain",
    "Comparison",
    "Covered",
    "DataReport",
    "DoubtfulLabel",
    "Epoch",
    "Evaluation",
    "ExportSpeed",
    "Exported",
    "Finding",
    "HeatMap",
    "History",
    "LayerRow",
    "LoadedLayer",
    "LoadedWeights",
    "ModelSummary",
    "Prediction",
    "Reproduction",
    "Severity",
    "StageStarted",
    "TrainingMemory",
    "TuneTrial",
    "UnreadableImage",
    "WrittenPredictions",
]
