"""Records → files: tables, reports and plots of a run. Prints nothing, and does not depend on the run folder."""

from cnncli.report.artifacts import ARTIFACTS, Artifact, EvaluationData, StartData, artifact_names, write_artifacts
from cnncli.report.process import Reports, reports_beside

__all__ = [
    "ARTIFACTS",
    "Artifact",
    "EvaluationData",
    "Reports",
    "StartData",
    "artifact_names",
    "reports_beside",
    "write_artifacts",
]
