"""Records → files: tables, reports and plots of a run. Prints nothing, and does not depend on the run folder."""

from cnncli.report.artifacts import ARTIFACTS, Artifact, EvaluationData, StartData, artifact_names, write_artifacts

__all__ = ["ARTIFACTS", "Artifact", "EvaluationData", "StartData", "artifact_names", "write_artifacts"]
