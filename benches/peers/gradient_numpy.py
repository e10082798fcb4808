#!/usr/bin/env python3
"""Gradient of an RNN by hand-written backpropagation through time, numpy only.

0.5 * sum of squared errors over y_1 .. y_T of
h_{t+1} = (1 - a) h_t + a tanh(W h_t + B u_t), y_t = C h_t, with respect to W.
Backward signals Lambda and rates Phi = h are kept for all times, and the
gradient is one product at the end.  Also prints the rate of float64 products.
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

T, M, D_IN, D_OUT, A = 50, 16, 3, 2, 0.2


def problem(N):
    rng = np.random.default_rng(0)
    W = 0.9 * rng.standard_normal((N, N)) / N**0.5
    B = rng.standard_normal((N, D_IN)) / D_IN**0.5
    C = rng.standard_normal((D_OUT, N)) / N**0.5
    u = rng.standard_normal((T, D_IN, M))
    target = rng.standard_normal((T, D_OUT, M))
    return W, B, C, u, target


def loss(W, B, C, u, target):
    h, total = np.zeros((W.shape[0], M)), 0.0
    for t in range(T):
        h = (1 - A) * h + A * np.tanh(W @ h + B @ u[t])
        total += 0.5 * np.sum((C @ h - target[t]) ** 2)
    return total


def gradient(W, B, C, u, target):
    N = W.shape[0]
    Phi = np.zeros((N, T + 1, M))  # the states h_t
    Lambda = np.empty((N, T, M))  # d loss / d (W h_t + B u_t)
    slope = np.empty((T, N, M))
    BU = B @ u
    h = np.zeros((N, M))
    for t in range(T):
        r = np.tanh(W @ h + BU[t])
        slope[t] = A * (1 - r * r)
        h = (1 - A) * h + A * r
        Phi[:, t + 1] = h
    error = np.tensordot(C, Phi[:, 1:], 1) - target.transpose(1, 0, 2)
    drive = np.tensordot(C.T, error, 1)
    g = np.zeros((N, M))
    for t in reversed(range(T)):
        g += drive[:, t]
        Lambda[:, t] = lam = g * slope[t]
        g = (1 - A) * g + W.T @ lam
    return Lambda.reshape(N, -1) @ Phi[:, :T].reshape(N, -1).T


def check(W, B, C, u, target):
    """The derivative along a random direction against a central difference."""
    V = np.random.default_rng(1).standard_normal(W.shape) / W.shape[0]
    eps = 1e-5
    difference = loss(W + eps * V, B, C, u, target) - loss(W - eps * V, B, C, u, target)
    expected, got = difference / (2 * eps), np.sum(gradient(W, B, C, u, target) * V)
    assert abs(got - expected) < 1e-5 * abs(expected), (got, expected)


def median_ms(call):
    times = []
    for _ in range(args.repeats + 3):  # the first three warm up
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return float(np.median(times[3:]))


def report(**fields):
    print(json.dumps({"peer": "numpy", "version": np.__version__, "threads": args.threads,
                      "repeats": args.repeats, **fields}), flush=True)


for n in (256, 1024):
    X, Y = np.random.default_rng(2).standard_normal((2, n, n))
    ms = median_ms(lambda: X @ Y)
    report(what="gemm", N=n, median_ms=round(ms, 4), gflops=round(2e-6 * n**3 / ms, 1))

for N in (64, 256):
    data = problem(N)
    check(*data)
    ms = median_ms(lambda: gradient(*data))
    report(what="gradient", N=N, median_ms=round(ms, 4))
