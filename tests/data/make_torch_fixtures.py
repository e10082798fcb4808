#!/usr/bin/env python3
"""Train small RNNs with PyTorch and store the whole history of the recurrent weights.

    python tests/data/make_torch_fixtures.py            # writes next to this script

Model, for t = 0 .. T-1, with h_0 = 0:

    h_{t+1} = (1 - a) h_t + a phi(W h_t + B u_t),      y_{t+1} = C h_{t+1},

phi the identity ("linear") or tanh ("tanh").  The loss is the mean squared
error over the outputs y_1 .. y_T of all trials; only W is trained, full batch.

Why these files: with phi the identity and W_0 = w I, every gradient lies in
span(B, C^T) x span(B, C^T), so plain gradient descent keeps
rank(W_k - W_0) <= d_in + d_out = 5 for every k, up to rounding.  Adam divides
each entry of the gradient by its own running scale, leaves that subspace, and
the bound fails.  The tanh networks start at a random W_0 of full rank.
"""

from pathlib import Path

import numpy as np
import torch

SEED = 2
N, D_IN, D_OUT, T, TRIALS, STEPS = 32, 3, 2, 20, 16, 60

LEAK = 0.5  # a: slow enough that many steps of history matter
W0_LINEAR = 0.5  # W_0 = 0.5 I: the leaky step then has all eigenvalues 0.75, stable
W0_TANH = 0.8  # gain of the random W_0, below 1: no chaos
# Spectral norm of W_teacher - 0.5 I: below 0.5, so that the teacher is stable,
# but close to it, so that all five directions of span(B, C^T) have to be learned.
TEACHER = 0.45

# Learning rates.  SGD: about the largest for which the loss falls at every step
# (a tenth of it would leave the fifth direction of the linear network close to
# float32 rounding).  Adam: small enough that the loss rises only at a few steps.
RATE = {
    ("linear", "sgd"): 0.5,
    ("linear", "adam"): 0.003,
    ("tanh", "sgd"): 1.0,
    ("tanh", "adam"): 0.003,
}
OPTIMIZER = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
PHI = {"linear": lambda x: x, "tanh": torch.tanh}


def outputs(W, B, C, u, phi):
    """y_1 .. y_T as (T, TRIALS, D_OUT) for inputs u (T, TRIALS, D_IN)."""
    h = torch.zeros(u.shape[1], W.shape[0], dtype=W.dtype)
    ys = []
    for u_t in u:
        h = (1 - LEAK) * h + LEAK * phi(h @ W.T + u_t @ B.T)
        ys.append(h @ C.T)
    return torch.stack(ys)


def problem():
    """Weights, inputs and targets in float64, the same for all eight files."""
    torch.manual_seed(SEED)
    f64 = torch.float64
    B = torch.randn(N, D_IN, dtype=f64) / N**0.5
    C = torch.randn(D_OUT, N, dtype=f64) / N**0.5
    G = torch.randn(N, N, dtype=f64) / N**0.5
    u = torch.randn(T, TRIALS, D_IN, dtype=f64)
    # A linear teacher whose W differs from 0.5 I in all directions of span(B, C^T).
    P, _ = torch.linalg.qr(torch.cat([B, C.T], dim=1))
    K, _ = torch.linalg.qr(torch.randn(D_IN + D_OUT, D_IN + D_OUT, dtype=f64))
    eye = torch.eye(N, dtype=f64)
    target = outputs(W0_LINEAR * eye + TEACHER * P @ K @ P.T, B, C, u, PHI["linear"])
    return {"linear": W0_LINEAR * eye, "tanh": W0_TANH * G}, B, C, u, target


def train(phi, optimizer, dtype):
    W0, B, C, u, target = problem()
    B, C, u, target = (x.to(dtype) for x in (B, C, u, target))
    W = W0[phi].to(dtype).clone().requires_grad_(True)
    opt = OPTIMIZER[optimizer]([W], lr=RATE[phi, optimizer])
    history, losses = [], []
    for k in range(STEPS + 1):
        loss = torch.mean((outputs(W, B, C, u, PHI[phi]) - target) ** 2)
        history.append(W.detach().numpy().copy())
        losses.append(loss.item())
        if k < STEPS:
            opt.zero_grad()
            loss.backward()
            opt.step()
    return {
        "W": np.stack(history),
        "B": B.numpy(),
        "C": C.numpy(),
        "loss": np.array(losses, dtype=history[0].dtype),
    }


def main():
    torch.set_num_threads(1)
    here = Path(__file__).resolve().parent
    for phi in PHI:
        for optimizer in OPTIMIZER:
            for name, dtype in (("f32", torch.float32), ("f64", torch.float64)):
                arrays = train(phi, optimizer, dtype)
                path = here / f"torch_{phi}_{optimizer}_{name}.npz"
                np.savez_compressed(path, **arrays)
                first, last = arrays["loss"][0], arrays["loss"][-1]
                print(f"{path.name}: loss {first:.4g} -> {last:.4g}")


if __name__ == "__main__":
    main()
