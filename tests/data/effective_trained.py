#!/usr/bin/env python3
"""Effective ranks of the weights in trained/, read by the libraries that wrote them.

    python tests/data/effective_trained.py > tests/data/rank/effective_trained.json

A list of files or folders, each with the name of an array and, for each of its gates, what
`effective_numpy.py` computes: gates are the 4 or 3 blocks of rows of an LSTM or a GRU of PyTorch, and
the blocks of columns of Keras, turned.
"""

import json
import re
from pathlib import Path

import h5py
import ml_dtypes
import numpy as np
import safetensors.numpy
import safetensors.torch
import torch

from effective_numpy import effective, report, unfoldings

HERE = Path(__file__).resolve().parent
GATES = {"lstm": 4, "gru": 3}


def in_order(folder):
    number = lambda path: int(re.findall(r"\d+", path.name.split(".")[0])[-1])
    return sorted(folder.iterdir(), key=number)


def entry(path, array, W, gates=1, flags=()):
    parts = np.split(W.astype(np.float64), gates, axis=1)
    return {
        "path": str(path.relative_to(HERE)),
        "array": array,
        "flags": list(flags),
        "gates": [report(part) for part in parts],
    }


def npz(path):
    with np.load(path) as file:
        for name in file.files:
            W = file[name]
            if W.dtype.kind == "V":
                W = W.view(ml_dtypes.bfloat16)
            if W.ndim == 3:
                yield entry(path, name, W, GATES.get(path.name.split("_")[0], 1))


def torch_folder(path, read):
    states = [read(file) for file in in_order(path)]
    for name in ("rnn.weight_hh_l0", "rnn.weight_ih_l0"):
        W = np.stack([state[name].float().numpy() for state in states])
        yield entry(path, name, W, GATES[path.name.split("_")[0]])


def sharded(path):
    def read(folder):
        index = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
        file = folder / index["rnn.weight_hh_l0"]
        return safetensors.torch.load_file(file)["rnn.weight_hh_l0"].float().numpy()

    W = np.stack([read(folder) for folder in in_order(path)])
    yield entry(path, "rnn.weight_hh_l0", W, GATES["gru"])


def keras(path):
    names = []
    with h5py.File(in_order(path)[0]) as file:
        file.visititems(lambda name, item: names.append(name) if getattr(item, "ndim", 0) == 2 else None)
    for name in names:
        W = []
        for step in in_order(path):
            with h5py.File(step) as file:
                W.append(file[name][...])
        # Gates of a cell are blocks of columns.
        turned = "cell" in name
        W = np.stack(W).transpose(0, 2, 1) if turned else np.stack(W)
        yield entry(path, name, W, GATES["lstm"] if turned else 1)


def fourth(path):
    """The four gates of an LSTM as a fourth axis: (step, gate, row, column)."""
    with np.load(path) as file:
        W = file["rnn.weight_hh_l0"].astype(np.float64)
    K, N = len(W) - 1, W.shape[2]
    W = W.reshape(K + 1, 4, N, N)
    D = W[1:] - W[0]
    found = {name: effective(m) for name, m in unfoldings(D.reshape(K * 4, N, N)).items()}
    found["steps"] = effective(D.reshape(K, 4 * N * N))
    found["fourth"] = effective(D.transpose(1, 0, 2, 3).reshape(4, K * N * N))
    return found


if __name__ == "__main__":
    trained = HERE / "trained"
    found = [one for path in sorted(trained.glob("*.npz")) for one in npz(path)]
    found += torch_folder(trained / "lstm_adam", torch.load)
    found += torch_folder(trained / "gru_muon_bf16", safetensors.torch.load_file)
    found += sharded(trained / "sharded")
    found += keras(trained / "keras")
    print(json.dumps({"trained": found, "lstm_muon_gates": fourth(trained / "lstm_muon.npz")}, indent=1))
