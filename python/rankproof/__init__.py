"""What learning does to the rank of a network's weights."""

from rankproof._commands import (
    Answer,
    Text,
    Verification,
    explore,
    inspect,
    prepare,
    simulate,
    theorems,
    verify,
)
from rankproof._cross_validation import CrossValidationSummary, Verdict, cross_validate
from rankproof._estimator import LowTensorRankRNN, NotConverged, NotFitted
from rankproof._history import History
from rankproof._native import __version__
from rankproof._rank import WeightReport, rank
from rankproof._recording import Recording

__all__ = [
    "Answer",
    "CrossValidationSummary",
    "History",
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
    "simulate",
    "theorems",
    "verify",
]
