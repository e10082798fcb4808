#!/usr/bin/env python3
"""Gradient of an RNN with eager PyTorch: a Python loop over time and backward().

0.5 * sum of squared errors over y_1 .. y_T of
h_{t+1} = (1 - a) h_t + a tanh(W h_t + B u_t), y_t = C h_t, with respect to W,
float64 on the CPU.  States are (N, trials).
"""

import argparse
import json
import os

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--repeats", type=int, default=50)
args = parser.parse_args()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(args.threads)  # read when the library loads

import time

import numpy as np
import torch

torch.set_num_threads(args.threads)
T, M, D_IN, D_OUT, A = 50, 16, 3, 2, 0.2


def problem(N):
    rng = np.random.default_rng(0)
    W = 0.9 * rng.standard_normal((N, N)) / N**0.5
    B = rng.standard_normal((N, D_IN)) / D_IN**0.5
    C = rng.standard_normal((D_OUT, N)) / N**0.5
    u = rng.standard_normal((T, D_IN, M))
    target = rng.standard_normal((T, D_OUT, M))
    return [torch.from_numpy(x) for x in (W, B, C, u, target)]


def loss(W, B, C, u, target):
    h, hs = torch.zeros(W.shape[0], M, dtype=W.dtype), []
    for bu in B @ u:
        h = (1 - A) * h + A * torch.tanh(W @ h + bu)
        hs.append(h)
    return 0.5 * torch.sum((C @ torch.stack(hs) - target) ** 2)


def gradient(W, *rest):
    W = W.detach().requires_grad_(True)
    return torch.autograd.grad(loss(W, *rest), W)[0]


def check(W, *rest):
    """The derivative along a random direction against a central difference."""
    V = torch.from_numpy(np.random.default_rng(1).standard_normal(W.shape) / W.shape[0])
    eps = 1e-5
    expected = float(loss(W + eps * V, *rest) - loss(W - eps * V, *rest)) / (2 * eps)
    got = float(torch.sum(gradient(W, *rest) * V))
    assert abs(got - expected) < 1e-5 * abs(expected), (got, expected)


def median_ms(call):
    times = []
    for _ in range(args.repeats + 3):  # the first three warm up
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return float(np.median(times[3:]))


for N in (64, 256):
    data = problem(N)
    check(*data)
    ms = median_ms(lambda: gradient(*data))
    print(json.dumps({"peer": "torch", "version": torch.__version__, "threads": args.threads,
                      "repeats": args.repeats, "what": "gradient", "N": N,
                      "median_ms": round(ms, 4)}), flush=True)
