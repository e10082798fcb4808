"""What learning does to the rank of a network's weights."""

from rankproof._commands import (
    Answer,
    Text,
    Verification,
    explore,
    inspect,
    prepare,
    rank_table,
    simulate,
    theorems,
    verify,
)
from rankproof._cross_validation import CrossValidationSummary, Verdict, cross_validate
from rankproof._estimator import LowTensorRankRNN, NotConverged, NotFitted
from rankproof._history import History
from rankproof._learning import LayerReport, LearningReport
from rankproof._native import __version__
from rankproof._rank import WeightReport, rank
from rankproof._recording import Recording
from rankproof._watch import Learning, watch

__all__ = [
    "Answer",
    "CrossValidationSummary",
    "History",
    "LayerReport",
    "Learning",
    "LearningReport",
    "LowTensorRankRNN",
    "NotConverged",
    "NotFitted",
    "Recording",
    "Text",
    "Verdict",
    "Verification",
    "WeightReport",
    "__version__",
    "cross_validate",
    "explore",
    "inspect",
    "prepare",
    "rank",
    "rank_table",
    "simulate",
    "theorems",
    "verify",
    "watch",
]
