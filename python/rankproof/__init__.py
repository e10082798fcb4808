"""What learning does to the rank of a network's weights."""

# Fits.
from rankproof._cross_validation import CrossValidationSummary, Verdict, cross_validate
from rankproof._estimator import LowTensorRankRNN, NotConverged, NotFitted

__all__ = [
    "CrossValidationSummary",
    "LowTensorRankRNN",
    "NotConverged",
    "NotFitted",
    "Verdict",
    "cross_validate",
]
