#!/usr/bin/env python3
"""Rank of random n x n matrices modulo the prime 2^61 - 1 with FLINT."""

import argparse
import json
import os

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--repeats", type=int, default=20)
args = parser.parse_args()

import random
import statistics
import time

import flint

flint.ctx.threads = args.threads
P = 2**61 - 1


def random_matrix(rng, rows, cols):
    return flint.nmod_mat(rows, cols, [rng.randrange(P) for _ in range(rows * cols)], P)


def median_ms(call):
    times = []
    for _ in range(args.repeats + 1):  # the first warms up
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[1:])


rng = random.Random(0)
for n in (64, 256, 512):
    full = random_matrix(rng, n, n)
    low = random_matrix(rng, n, 5) * random_matrix(rng, 5, n)
    assert (full.rank(), low.rank()) == (n, 5)
    for what, matrix in (("rank, full", full), ("rank, 5", low)):
        print(json.dumps({"peer": "flint", "version": flint.__version__,
                          "flint": flint.__FLINT_VERSION__, "threads": args.threads,
                          "repeats": args.repeats, "what": what, "n": n,
                          "median_ms": round(median_ms(matrix.rank), 4)}), flush=True)
