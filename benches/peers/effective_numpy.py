#!/usr/bin/env python3
"""Spectra and effective ranks of recorded weights, by NumPy: what `rankproof rank` answers first.

    unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE     # in this command alone, if they are set
    python effective_numpy.py --threads 2 --rankproof ../../target/release/rankproof

For histories of low-dimensional learning with noise: the singular values of all slices, of all
increments and of the three unfoldings, as `numpy.linalg.svd` has them (`svd`), and the numbers of
dimensions that hold 90, 95 and 99 %.  `gram` is what rankproof computes of these: the eigenvalues of
the Gram matrices of the unfoldings and of the last increment.  With --rankproof the program runs on
the same file, in turn with the others: the whole command, from the file to the answer, with CP terms
up to 20 and random walks, and exact ranks where it computes them by itself (128).
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--repeats", type=int, default=3)
parser.add_argument("--sizes", default="128x60,256x60,512x40")
parser.add_argument("--rankproof", type=pathlib.Path)
arguments = parser.parse_args()
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = str(arguments.threads)

import numpy as np  # noqa: E402


def history(N, K):
    random = np.random.default_rng(0)
    left, right = random.standard_normal((N, 8)) / N**0.5, random.standard_normal((8, N)) / N**0.5
    W, slices = random.standard_normal((N, N)) / N**0.5, []
    for k in range(K + 1):
        slices.append(W.astype(np.float32))
        course = 0.1 * random.standard_normal(8) + np.exp(-3 * k / K)
        W = W + 3 * (left * course) @ right + 1e-4 * random.standard_normal((N, N))
    return np.stack(slices)


def held(squares):
    shares = np.cumsum(np.sort(squares)[::-1]) / squares.sum()
    return [int(np.searchsorted(shares, share)) + 1 for share in (0.90, 0.95, 0.99)]


def unfoldings(D):
    K, N, M = D.shape
    rows, columns = D.transpose(1, 0, 2).reshape(N, K * M), D.transpose(2, 0, 1).reshape(M, K * N)
    return rows, columns, D.reshape(K, N * M)


def by_svd(W):
    D = W[1:] - W[0]
    squares = lambda matrix: np.linalg.svd(matrix, compute_uv=False) ** 2
    for slices in (W, D):
        slices = [held(squares(matrix)) for matrix in slices]
    return [held(squares(matrix)) for matrix in unfoldings(D)]


def by_gram(W):
    D = W[1:] - W[0]
    matrices = [D[-1], *unfoldings(D)]
    return [held(np.linalg.eigvalsh(matrix @ matrix.T)) for matrix in matrices][1:]


def program(path, found):
    target = pathlib.Path(found) / "found.json"
    command = [arguments.rankproof.resolve(), "rank", path, "--json", target]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    answer = json.loads(target.read_text())["effective"]
    return [[answer[m][r] for r in ("r90", "r95", "r99")] for m in ("rows", "columns", "steps")]


def timed(call):
    """Seconds on the clock, and of all processors: on a busy machine the second is what compares."""
    start, used = time.perf_counter(), sum(os.times()[:4])
    found = call()
    return (time.perf_counter() - start, sum(os.times()[:4]) - used), found


for size in arguments.sizes.split(","):
    N, K = map(int, size.split("x"))
    W = history(N, K)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "w.npz"
        np.savez(path, W=W)
        W = W.astype(np.float64)
        ways = {"svd": lambda: by_svd(W), "gram": lambda: by_gram(W)}
        if arguments.rankproof:
            ways["rankproof, whole command"] = lambda: program(path, folder)
        times = {way: [] for way in ways}
        for _ in range(arguments.repeats):
            answers = []
            for way, call in ways.items():
                seconds, answer = timed(call)
                times[way].append(seconds)
                answers.append(answer)
            assert all(answer == answers[0] for answer in answers), answers
        for way, seconds in times.items():
            fields = {"size": size, "way": way, "threads": arguments.threads}
            for place, name in enumerate(("seconds", "cpu_seconds")):
                fields[name] = round(statistics.median(one[place] for one in seconds), 3)
            print(json.dumps(fields), flush=True)
