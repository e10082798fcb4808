#!/usr/bin/env python3
"""Singular values and float64 products of random n x n matrices with numpy,
and products of the shapes of a gradient."""

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


rng = np.random.default_rng(0)
for n in (64, 256):
    X = rng.standard_normal((n, n))
    s = np.linalg.svd(X, compute_uv=False)
    assert abs(np.sum(s**2) / np.sum(X**2) - 1) < 1e-12
    ms = median_ms(lambda: np.linalg.svd(X, compute_uv=False))
    report(what="svd", n=n, median_ms=round(ms, 4))
for n in (64, 256, 1024):
    X, Y = rng.standard_normal((2, n, n))
    v = rng.standard_normal(n)
    assert np.allclose((X @ Y) @ v, X @ (Y @ v))
    ms = median_ms(lambda: X @ Y)
    report(what="matmul", n=n, median_ms=round(ms, 4), gflops=round(2e-6 * n**3 / ms, 1))
# A matrix of weights times the states of all trials of a time step.
for n, trials, dtype in ((64, 16, "float64"), (256, 16, "float64"), (1024, 64, "float32")):
    X = rng.standard_normal((n, n)).astype(dtype)
    H = rng.standard_normal((n, trials)).astype(dtype)
    ms = median_ms(lambda: X @ H)
    report(what="states", n=n, trials=trials, dtype=dtype, median_ms=round(ms, 5),
           gflops=round(2e-6 * n * n * trials / ms, 1))
