#!/usr/bin/env python3
"""CP decomposition of float64 tensors of exact rank 6 with tensorly's parafac."""

import argparse
import json
import os

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--repeats", type=int, default=3)
args = parser.parse_args()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(args.threads)  # read when the library loads

import time

import numpy as np
import tensorly
from tensorly.decomposition import parafac

rng = np.random.default_rng(0)
RANK = 6
for shape in ((64, 64, 50), (256, 256, 200)):
    factors = [rng.standard_normal((n, RANK)) for n in shape]
    X = np.einsum("ir,jr,kr->ijk", *factors)
    for init in ("svd", "random"):
        times, errors = [], []
        for seed in range(args.repeats):
            start = time.perf_counter()
            # The tolerance is on the change of the relative error in one iteration.
            found = parafac(X, RANK, init=init, tol=1e-8, n_iter_max=500, random_state=seed)
            times.append(1e3 * (time.perf_counter() - start))
            error = np.linalg.norm(tensorly.cp_to_tensor(found) - X) / np.linalg.norm(X)
            errors.append(float(f"{error:.1e}"))
        print(json.dumps({"peer": "tensorly", "version": tensorly.__version__,
                          "threads": args.threads, "repeats": args.repeats, "what": "cp",
                          "shape": shape, "rank": RANK, "init": init,
                          "median_ms": round(float(np.median(times)), 1),
                          "relative_errors": errors}), flush=True)
