#!/usr/bin/env python3
"""Gradients of PyTorch's GRU and LSTM: what our equations and weight layout are held against.

    python tests/data/make_torch_gates.py               # writes torch_gates.npz next to this script

A `torch.nn.GRU` and a `torch.nn.LSTM` of one layer from h_0 = 0 with a linear
readout y_t = C h_t, in float64. The loss is half the squared distance from
random targets, summed over outputs and times t = 1 .. T, averaged over trials.

Matrices are stored with one column for each time and trial, trials of one time
side by side: the column of trial m at time t is t * M + m.  Times of inputs are
0 .. T-1, of outputs and targets 1 .. T.
"""

from pathlib import Path

import numpy as np
import torch

SEED = 3
N, D_IN, D_OUT, T, TRIALS = 5, 3, 2, 6, 4


def columns(x):
    """(T, M, channels) as (channels, T M)."""
    return x.detach().numpy().transpose(2, 0, 1).reshape(x.shape[2], -1)


def matrix(x):
    """Weights as they are, a bias as one column."""
    return x.detach().numpy().reshape(x.shape[0], -1)


def record(kind):
    unit = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[kind](D_IN, N).double()
    readout = torch.nn.Linear(N, D_OUT, bias=False).double()
    inputs = torch.randn(T, TRIALS, D_IN, dtype=torch.float64)
    targets = torch.randn(T, TRIALS, D_OUT, dtype=torch.float64)
    outputs = readout(unit(inputs)[0])
    loss = 0.5 * ((outputs - targets) ** 2).sum() / TRIALS
    loss.backward()
    blocks = dict(unit.named_parameters()) | {"C": readout.weight}
    arrays = {"inputs": columns(inputs), "targets": columns(targets), "outputs": columns(outputs)}
    arrays["loss"] = loss.detach().numpy().reshape(1, 1)
    for name, block in blocks.items():
        arrays[f"block.{name}"] = matrix(block)
        arrays[f"gradient.{name}"] = matrix(block.grad)
    print(f"{kind}: loss {loss.item():.4g}, blocks {', '.join(blocks)}")
    return {f"{kind}.{name}": array for name, array in arrays.items()}


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    path = Path(__file__).resolve().parent / "torch_gates.npz"
    np.savez_compressed(path, **record("gru"), **record("lstm"))


if __name__ == "__main__":
    main()
