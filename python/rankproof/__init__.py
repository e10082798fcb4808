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
from rankproof._history import History
from rankproof._learning import LayerReport, LearningReport
from rankproof._native import __version__
from rankproof._rank import WeightReport, rank
from rankproof._recording import Recording
from rankproof._watch import Learning, watch

__all__ = [
    "Answer",
    "History",
    "LayerReport",
    "Learning",
    "LearningReport",
    "Recording",
    "Text",
    "Verification",
    "WeightReport",
    "__version__",
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
