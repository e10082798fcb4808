#!/usr/bin/env python3
"""Numerical ranks of weight histories with numpy alone: an independent reference.

    python tests/data/ranks_numpy.py [FILE.npz ...]     # default: the torch files here

For the stack of increments D_k = W_k - W_0, k = 1 .. K (differences taken in
float64), prints as one JSON line per file

  rank_last      rank of D_K
  max_rank       the largest rank of any D_k
  max_rank_step  the largest rank of any single step W_k - W_{k-1}
  unfoldings     ranks of the three unfoldings of the (K, N, N) stack:
                 steps x (rows, columns), rows x (steps, columns),
                 columns x (steps, rows)
  sigma          sigma_1 .. sigma_8 of D_K, relative to sigma_1

The tolerance is the one of numpy.linalg.matrix_rank, eps * max(shape) *
sigma_1, with eps of the precision in which W is stored.  `*_floor` adds a floor
for the rounding of W itself, eps * max(shape) * max |W|: a difference of two
stored numbers cannot be trusted below the rounding of either.
"""

import json
import sys
from pathlib import Path

import numpy as np


def rank(matrix, eps, floor=0.0):
    s = np.linalg.svd(matrix, compute_uv=False)
    return int(np.sum(s > eps * max(matrix.shape) * max(s[0], floor)))


def report(path):
    with np.load(path) as file:
        stored = file["W"]
    eps = float(np.finfo(stored.dtype).eps)
    W = stored.astype(np.float64)
    D = W[1:] - W[0]
    K, N, M = D.shape
    unfolded = [
        D.reshape(K, N * M),
        D.transpose(1, 0, 2).reshape(N, K * M),
        D.transpose(2, 0, 1).reshape(M, K * N),
    ]
    s = np.linalg.svd(D[-1], compute_uv=False)
    out = {"file": Path(path).name, "dtype": str(stored.dtype), "shape": stored.shape}
    for suffix, floor in (("", 0.0), ("_floor", float(np.abs(W).max()))):
        out["rank_last" + suffix] = rank(D[-1], eps, floor)
        out["max_rank" + suffix] = max(rank(d, eps, floor) for d in D)
        out["max_rank_step" + suffix] = max(rank(d, eps, floor) for d in np.diff(W, axis=0))
        out["unfoldings" + suffix] = [rank(u, eps, floor) for u in unfolded]
    out["sigma_1"] = float(f"{s[0]:.3g}")
    out["sigma"] = [float(f"{x:.2e}") for x in s[:8] / s[0]]
    return out


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    for path in sys.argv[1:] or sorted(here.glob("torch_*.npz")):
        print(json.dumps(report(path)))
