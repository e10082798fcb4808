#!/usr/bin/env python3
"""Weights of few bits, and of an odd unit, for the tests of `rankproof rank`.

    python tests/data/make_rank_files.py                # writes rank/ next to this script

The networks of `float16.npz` and `bfloat16.npz` are linear, with 3 inputs and 2
outputs, learn from a linear teacher by gradient descent from W_0 = 0.5 I, and
round W to the type after every step; gradients are computed in float64.  Hence
rank(W_k - W_0) <= 5 but for this rounding.
"""

from pathlib import Path

import ml_dtypes
import numpy as np

RANK = Path(__file__).resolve().parent / "rank"
N, D_IN, D_OUT, T, TRIALS, STEPS = 24, 3, 2, 12, 16, 20
LEAK, RATE = 0.5, 0.5


def outputs(W, B, C, u):
    h, states, ys = np.zeros((TRIALS, N)), [], []
    for u_t in u:
        states.append(h)
        h = (1 - LEAK) * h + LEAK * (h @ W.T + u_t @ B.T)
        ys.append(h @ C.T)
    return states, np.array(ys)


def gradient(W, B, C, u, target):
    states, ys = outputs(W, B, C, u)
    error = 2 * (ys - target) / ys.size
    G, adjoint = np.zeros_like(W), np.zeros((TRIALS, N))
    for h, e in zip(reversed(states), reversed(error)):
        adjoint = adjoint + e @ C
        G += LEAK * adjoint.T @ h
        adjoint = (1 - LEAK) * adjoint + LEAK * adjoint @ W
    return G


def train(dtype):
    rng = np.random.default_rng(3)
    rounded = lambda x: x.astype(dtype).astype(np.float64)
    B = rounded(rng.standard_normal((N, D_IN)) / N**0.5)
    C = rounded(rng.standard_normal((D_OUT, N)) / N**0.5)
    u = rng.standard_normal((T, TRIALS, D_IN))
    P, _ = np.linalg.qr(np.concatenate([B, C.T], 1))
    K, _ = np.linalg.qr(rng.standard_normal((D_IN + D_OUT, D_IN + D_OUT)))
    W = 0.5 * np.eye(N)
    _, target = outputs(W + 0.45 * P @ K @ P.T, B, C, u)
    history = [W]
    for _ in range(STEPS):
        W = rounded(W - RATE * gradient(W, B, C, u, target))
        history.append(W)
    return {"W": np.array(history).astype(dtype), "B": B.astype(dtype), "C": C.astype(dtype)}


def main():
    RANK.mkdir(exist_ok=True)
    np.savez_compressed(RANK / "float16.npz", **train(np.float16))
    np.savez_compressed(RANK / "bfloat16.npz", **train(ml_dtypes.bfloat16))

    # Rank 4, singular values 1, 0.5, 0.2 and 0.1 times 1e-170: their squares underflow.
    rng = np.random.default_rng(4)
    orthonormal = lambda: np.linalg.qr(rng.standard_normal((8, 4)))[0]
    slices = [orthonormal() @ np.diag([1, 0.5, 0.2, 0.1]) @ orthonormal().T for _ in range(3)]
    np.savez_compressed(RANK / "tiny.npz", W=np.array(slices) * 1e-170)


if __name__ == "__main__":
    main()
