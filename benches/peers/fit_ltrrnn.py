#!/usr/bin/env python3
"""Iterations of the reference implementation of low-tensor-rank RNNs on a recording of ours.

    rankproof simulate --neurons 200 --units 200 --trials 250 --bins 21 --rank 5 --out rec.npz
    python fit_ltrrnn.py rec.npz

Needs the package ltrRNN (https://github.com/arthur-pe/LtrRNN), installed or on PYTHONPATH.
Hyperparameters are those of its example notebook, but for --learning-rate. Its solver takes
adaptive steps: the faster it learns, the longer an iteration. Its figures are not drawn.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from unittest import mock

parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("recording", type=os.path.abspath)
parser.add_argument("--iterations", type=int, default=30)
parser.add_argument("--learning-rate", type=float, default=0.001)
parser.add_argument("--threads", type=int, default=os.cpu_count())
args = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(args.threads)  # read when the library loads
os.environ["MPLBACKEND"] = "Agg"

import ltrRNN
import matplotlib.pyplot
import numpy as np
import torch
from ltrRNN.run import training

torch.set_num_threads(args.threads)
with np.load(args.recording) as recording:
    data = recording["activity"].transpose(1, 2, 0)  # (time, trial, neuron)
    condition = recording["condition"].astype(int)

hyperparameters = {
    "seed": 1, "rnn_dim": 200, "rank": 5, "time_constant": 1.0, "noise": 0.0, "bias": False,
    "duration": 2, "orthogonal_decoder": True, "decoder_bias": False, "sigma_observation": 0.1,
    "l": 15, "sigma": 0.1, "discontinuous_covariance": False, "control_preparatory": True,
    "control_execution": False, "fit_preparatory": False, "condition_specific_init": False,
    "in_space_control": True, "control_dim": 3, "control_dnn_dim": [150, 150],
    "control_hidden_dim": 150, "time_constant_control": 2, "trial_rank_control": -1,
    "fraction_masked": 0.2, "fraction_test": 0.2, "learning_rate": args.learning_rate,
    "regularization": 0.01, "regularization_function": "square", "optimize": True,
    "training_iterations": args.iterations,
    # Losses are kept at iterations 0 and last, the last of them is returned, and none stops it.
    "test_freq": max(1, args.iterations - 1), "steps_std_convergence": 1,
    "min_std_convergence": -1.0,
}
torch.manual_seed(1)
train_mask, test_mask = ltrRNN.block_mask(data.shape, [5, 5, 1], [2, 2, 1], 0.2)

# The end of each iteration but the last is a step of the optimizer.
ends = []


class Timed(torch.optim.Adam):
    def step(self, *arguments):
        super().step(*arguments)
        ends.append(time.perf_counter())


os.chdir(tempfile.mkdtemp())
os.mkdir("runs")
nothing = mock.MagicMock()
nothing.get_figure.return_value = (mock.MagicMock(), mock.MagicMock(), mock.MagicMock())
with mock.patch.object(training, "main_plot", nothing), \
     mock.patch.object(torch.optim, "Adam", Timed), \
     mock.patch.object(matplotlib.pyplot, "pause"), \
     mock.patch.object(matplotlib.pyplot, "savefig"), \
     mock.patch.object(matplotlib.pyplot, "close"):
    total, held_out = training.train(
        hyperparameters, data.astype(np.float32), condition, np.linspace(0, 1, len(data)), None,
        None, train_mask, test_mask, matplotlib.colormaps["hsv"], "runs")
seconds = np.diff(ends)
print(json.dumps({
    "peer": "ltrRNN", "version": ltrRNN.__version__, "torch": torch.__version__,
    "threads": args.threads, "shape": data.shape, "iterations": args.iterations,
    "learning_rate": args.learning_rate,
    "median_seconds": round(float(np.median(seconds)), 2),
    "range_seconds": [round(float(seconds.min()), 2), round(float(seconds.max()), 2)],
    "train_loss": round(float(total), 4), "held_out_loss": round(float(held_out), 4),
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
