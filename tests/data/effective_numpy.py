#!/usr/bin/env python3
"""Effective ranks of weight histories with numpy alone: an independent reference.

    python tests/data/effective_numpy.py > tests/data/rank/effective_numpy.json

For each torch file here, for a rectangular history that is a formula, and for random walks, as JSON:

  last, rows, columns, steps
      of D_K = W_K - W_0 and of the three unfoldings of the stack D_1 .. D_K: participation ratio,
      stable rank, and the dimensions that hold 90, 95 and 99 % of the squared norm
  second_half
      with h = K // 2, the dimensions that hold 95 % of D_1 .. D_h by rows and by columns, and the
      share of W_k - W_h, k > h, in them; the most that so many dimensions hold of it; the dimensions
      that hold 95 % of it; and the principal angles between the two spaces, in degrees
  space
      with the arrays B and C, the share of D_1 .. D_K in S = span(B, C^T): of the columns, of the
      rows, of both
  walk
      medians over 20 random walks of Gaussian steps of one norm, 200 x 200, 20 steps: of r95 and
      the participation ratio by rows, and of the participation ratio by steps

All by singular value decompositions of the matrices themselves, in float64.
"""

import json
from pathlib import Path

import numpy as np


def effective(matrix):
    squares = np.linalg.svd(matrix, compute_uv=False) ** 2
    shares = squares / squares.sum()
    held = np.cumsum(shares)
    needed = [int(np.searchsorted(held, share)) + 1 for share in (0.90, 0.95, 0.99)]
    return {
        "participation_ratio": float(1 / np.sum(shares**2)),
        "stable_rank": float(1 / shares[0]),
        "r90": needed[0],
        "r95": needed[1],
        "r99": needed[2],
    }


def unfoldings(D):
    K, N, M = D.shape
    return {
        "rows": D.transpose(1, 0, 2).reshape(N, K * M),
        "columns": D.transpose(2, 0, 1).reshape(M, K * N),
        "steps": D.reshape(K, N * M),
    }


def principal_angles(a, b):
    if a.shape[1] < b.shape[1]:
        a, b = b, a
    cosines = np.linalg.svd(a.T @ b, compute_uv=False)
    sines = np.linalg.svd(b - a @ (a.T @ b), compute_uv=False)[::-1]
    return [float(angle) for angle in np.degrees(np.arctan2(sines, cosines))]


def second_half(W):
    h = (len(W) - 1) // 2
    first, second = unfoldings(W[1 : h + 1] - W[0]), unfoldings(W[h + 1 :] - W[h])
    found = {"first": h}
    for side in ("rows", "columns"):
        u = np.linalg.svd(first[side], full_matrices=False)[0]
        basis = u[:, : effective(first[side])["r95"]]
        share = np.sum((basis.T @ second[side]) ** 2) / np.sum(second[side] ** 2)
        v, s = np.linalg.svd(second[side], full_matrices=False)[:2]
        own = v[:, : effective(second[side])["r95"]]
        found[side] = {
            "dimensions": basis.shape[1],
            "share": float(share),
            "later": own.shape[1],
            "most": float(np.sum(s[: basis.shape[1]] ** 2) / np.sum(s**2)),
            "angles": principal_angles(basis, own),
        }
    return found


def space(W, B, C):
    basis = np.linalg.qr(np.concatenate([B, C.T], axis=1))[0]
    D = W[1:] - W[0]
    P = basis @ basis.T
    total = np.sum(D**2)
    return {
        "dimensions": basis.shape[1],
        "rows": float(np.sum((P @ D) ** 2) / total),
        "columns": float(np.sum((D @ P) ** 2) / total),
        "both": float(np.sum((P @ D @ P) ** 2) / total),
    }


def report(W):
    D = W[1:] - W[0]
    found = {"last": effective(D[-1])}
    found |= {name: effective(matrix) for name, matrix in unfoldings(D).items()}
    return found | {"second_half": second_half(W)}


def rectangular():
    """W[k][i, j] = sin(i + 2 j + k^2 / 3) + k cos(i j) / 4: shape (6, 12, 7)."""
    k, i, j = np.meshgrid(np.arange(6.0), np.arange(12.0), np.arange(7.0), indexing="ij")
    return np.sin(i + 2 * j + k**2 / 3) + k * np.cos(i * j) / 4


def walk(draws=20, N=200, K=20):
    random = np.random.default_rng(0)
    found = []
    for _ in range(draws):
        steps = random.standard_normal((K, N, N))
        steps /= np.linalg.norm(steps, axis=(1, 2), keepdims=True)
        found.append({n: effective(m) for n, m in unfoldings(np.cumsum(steps, axis=0)).items()})
    median = lambda name, key: float(np.median([draw[name][key] for draw in found]))
    return {
        "rows_r95": median("rows", "r95"),
        "rows_participation_ratio": median("rows", "participation_ratio"),
        "steps_participation_ratio": median("steps", "participation_ratio"),
    }


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    found = {"rectangular": report(rectangular()), "walk": walk()}
    for path in sorted(here.glob("torch_*_f*.npz")):
        with np.load(path) as file:
            W, B, C = (file[name].astype(np.float64) for name in ("W", "B", "C"))
        found[path.name] = report(W)
        if "linear" in path.name:
            found[path.name]["space"] = space(W, B, C)
    print(json.dumps(found, indent=1))
