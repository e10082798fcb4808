#!/usr/bin/env python3
"""Gradient of an RNN with JAX: jit, lax.scan and reverse-mode differentiation.

0.5 * sum of squared errors over y_1 .. y_T of
h_{t+1} = (1 - a) h_t + a tanh(W h_t + B u_t), y_t = C h_t, with respect to W,
float64 on the CPU; a large problem in float32.  States are (N, trials) or (trials, N): both are measured.
"""

import argparse
import json
import os

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--repeats", type=int, default=50)
args = parser.parse_args()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
    os.environ[name] = str(args.threads)  # read when the library loads
# XLA sizes its pool by the cores it may use, so restrict those as well.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: args.threads])
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_ENABLE_X64"] = "1"

import time

import jax
import jax.numpy as jnp
import numpy as np

D_IN, D_OUT, A = 3, 2, 0.2


def problem(N, T, M, dtype):
    rng = np.random.default_rng(0)
    W = 0.9 * rng.standard_normal((N, N)) / N**0.5
    B = rng.standard_normal((N, D_IN)) / D_IN**0.5
    C = rng.standard_normal((D_OUT, N)) / N**0.5
    u = rng.standard_normal((T, D_IN, M))
    target = rng.standard_normal((T, D_OUT, M))
    return [jnp.asarray(x, dtype) for x in (W, B, C, u, target)]


def loss_columns(W, B, C, u, target):
    """States as (N, trials)."""

    def step(h, bu):
        h = (1 - A) * h + A * jnp.tanh(W @ h + bu)
        return h, h

    bu = jnp.einsum("ni,tim->tnm", B, u)
    _, hs = jax.lax.scan(step, jnp.zeros((W.shape[0], u.shape[2]), W.dtype), bu)
    return 0.5 * jnp.sum((jnp.einsum("on,tnm->tom", C, hs) - target) ** 2)


def loss_rows(W, B, C, u, target):
    """States as (trials, N)."""

    def step(h, bu):
        h = (1 - A) * h + A * jnp.tanh(h @ W.T + bu)
        return h, h

    bu = jnp.einsum("ni,tim->tmn", B, u)
    _, hs = jax.lax.scan(step, jnp.zeros((u.shape[2], W.shape[0]), W.dtype), bu)
    return 0.5 * jnp.sum((jnp.einsum("on,tmn->tom", C, hs) - target) ** 2)


def check(loss, gradient, W, *rest):
    """The derivative along a random direction against a central difference."""
    V = jnp.asarray(np.random.default_rng(1).standard_normal(W.shape) / W.shape[0])
    eps = 1e-5
    expected = float(loss(W + eps * V, *rest) - loss(W - eps * V, *rest)) / (2 * eps)
    got = float(jnp.sum(gradient(W, *rest) * V))
    assert abs(got - expected) < 1e-5 * abs(expected), (got, expected)


def median_ms(call):
    times = []
    for _ in range(args.repeats + 3):  # the first three warm up (and compile)
        start = time.perf_counter()
        jax.block_until_ready(call())
        times.append(1e3 * (time.perf_counter() - start))
    return float(np.median(times[3:]))


for N, T, M, dtype in ((64, 50, 16, "float64"), (256, 50, 16, "float64"),
                       (1024, 100, 64, "float32")):
    data = problem(N, T, M, dtype)
    for layout, loss in (("(N, trials)", loss_columns), ("(trials, N)", loss_rows)):
        gradient = jax.jit(jax.grad(loss))
        if dtype == "float64":  # a difference in float32 would be of rounding
            check(jax.jit(loss), gradient, *data)
        ms = median_ms(lambda: gradient(*data))
        print(json.dumps({"peer": "jax", "version": jax.__version__, "threads": args.threads,
                          "repeats": args.repeats, "what": "gradient", "N": N, "T": T,
                          "trials": M, "dtype": dtype, "states": layout,
                          "median_ms": round(ms, 4)}), flush=True)
