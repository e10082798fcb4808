"""Not run: what a user writes has the types that the package says, which mypy checks."""

from typing_extensions import assert_type

import numpy as np
import torch
from matplotlib.figure import Figure

import rankproof

report = rankproof.rank(np.zeros((3, 4, 4)), split=["a", "b"], steps=[0, 1, 2])
assert_type(report, rankproof.WeightReport)
assert_type(report.gates["a"].sentence, str)
assert_type(report.plot(), Figure)
with rankproof.watch(torch.nn.Linear(2, 2), every=2) as learning:
    assert_type(learning.report()["weight"].movement, rankproof.WeightReport)
history = rankproof.History()
history.append(np.eye(2), step=4)
assert_type(history.report(), rankproof.WeightReport)
assert_type(rankproof.simulate(neurons=3).bin_seconds, float)
assert_type(rankproof.prepare("a.nwb", window=(0, 1)).path.name, str)
assert_type(rankproof.verify(cases=3).holds, bool)
assert_type(rankproof.__version__, str)
