#!/usr/bin/env python3
"""Checkpoints as PyTorch and safetensors write them.

    python tests/data/make_checkpoints.py            # writes checkpoints/ next to this script

Networks of `torch.nn` with 6 neurons, 3 inputs and 2 outputs learn to give back the mean of their
inputs.  `lstm` (Adam, float32) is saved as a state_dict within a dictionary, `gru` (SGD, bfloat16)
by safetensors, `rnn` (SGD, float64) as a state_dict, at uneven steps.  `odd.pt` holds what
checkpoints hold besides: views, transposed and shared, numbers, lists, and objects.  `big_endian.pt`
is `tensor.pt` as a big-endian machine would write it: the same archive with its bytes exchanged.
"""

import collections
import pathlib
import zipfile

import safetensors.torch
import torch

FOLDER = pathlib.Path(__file__).resolve().parent / "checkpoints"
NEURONS, INPUTS, OUTPUTS, TIMES, TRIALS = 6, 3, 2, 8, 16
STEPS = [0, 1, 2, 5, 10, 20, 40, 100]


class Network(torch.nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.rnn = getattr(torch.nn, kind)(INPUTS, NEURONS)
        self.readout = torch.nn.Linear(NEURONS, OUTPUTS)

    def forward(self, inputs):
        return self.readout(self.rnn(inputs)[0])


def train(kind, optimizer, save):
    torch.manual_seed(1)
    network = Network(kind)
    inputs = torch.randn(TIMES, TRIALS, INPUTS)
    targets = inputs.cumsum(0)[..., :OUTPUTS] / TIMES
    optimizer = optimizer(network.parameters())
    for step in range(STEPS[-1] + 1):
        if step in STEPS:
            save(step, network, optimizer)
        optimizer.zero_grad()
        ((network(inputs) - targets) ** 2).mean().backward()
        optimizer.step()


def save_lstm(step, network, optimizer):
    (FOLDER / "lstm").mkdir(parents=True, exist_ok=True)
    state = {"step": step, "model": network.state_dict()}
    torch.save(state, FOLDER / "lstm" / f"step_{step}.pt")


def save_gru(step, network, optimizer):
    (FOLDER / "gru").mkdir(parents=True, exist_ok=True)
    state = {name: tensor.bfloat16() for name, tensor in network.state_dict().items()}
    safetensors.torch.save_file(state, FOLDER / "gru" / f"model-{step:05}.safetensors")


def save_rnn(step, network, optimizer):
    (FOLDER / "rnn").mkdir(parents=True, exist_ok=True)
    torch.save(network.double().state_dict(), FOLDER / "rnn" / f"{step}.pth")
    network.float()


def odd():
    numbers = torch.arange(24, dtype=torch.float32)
    cube = numbers.reshape(2, 3, 4)
    network = torch.nn.RNN(2, 3)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 1, 2))[0].sum().backward()
    optimizer.step()
    torch.save(
        {
            "cube": cube,
            "transposed": cube.transpose(0, 2),
            "part": cube[1, 1:, ::2],
            "expanded": numbers[:3].expand(2, 3),
            "empty": torch.empty(0, 3),
            "half": torch.tensor([1.5, -2.0], dtype=torch.float16),
            "bfloat": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
            "double": torch.tensor([[0.1]], dtype=torch.float64),
            "wide": torch.tensor([65535, 1], dtype=torch.uint16),
            "flags": torch.tensor([True, False]),
            "complex": torch.tensor([1j]),
            "parameter": torch.nn.Parameter(torch.ones(2)),
            "optimizer": optimizer.state_dict(),
            "list": [torch.zeros(1), {"inner": torch.ones(1)}],
            "losses": [0.5, 0.25, 1],
            "ordered": collections.OrderedDict(a=torch.ones(1)),
            "name": "odd",
            "none": None,
            "device": torch.device("cpu"),
        },
        FOLDER / "odd.pt",
    )
    torch.save(torch.nn.RNN(1, 1), FOLDER / "module.pt")
    torch.save(torch.tensor([1.5, -2.0]), FOLDER / "tensor.pt")
    torch.save({"W": torch.ones(2)}, FOLDER / "legacy.pt", _use_new_zipfile_serialization=False)


def big_endian():
    with (
        zipfile.ZipFile(FOLDER / "tensor.pt") as little,
        zipfile.ZipFile(FOLDER / "big_endian.pt", "w") as big,
    ):
        for name in little.namelist():
            content = little.read(name)
            if name.endswith("/data/0"):
                floats = [content[i : i + 4][::-1] for i in range(0, len(content), 4)]
                content = b"".join(floats)
            elif name.endswith("/byteorder"):
                content = b"big"
            big.writestr(zipfile.ZipInfo(name), content)


train("LSTM", lambda parameters: torch.optim.Adam(parameters, lr=0.01), save_lstm)
train("GRU", lambda parameters: torch.optim.SGD(parameters, lr=0.5), save_gru)
train("RNN", lambda parameters: torch.optim.SGD(parameters, lr=0.1), save_rnn)
odd()
big_endian()
