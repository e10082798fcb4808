#!/usr/bin/env python3
"""An LSTM of `torch.nn` that learns a flip-flop by Adam: recurrent weights at 16 uneven steps.

    pip install torch==2.15.0 numpy==2.4.6
    python tests/data/make_lstm.py          # writes trained/flip_flop_lstm.npz next to this script

Two inputs give rare pulses of +1 or -1, and two outputs hold the sign of the last of each.
"""

import pathlib

import numpy as np
import torch

TARGET = pathlib.Path(__file__).resolve().parent / "trained" / "flip_flop_lstm.npz"
NEURONS, CHANNELS, TIMES, TRIALS = 24, 2, 40, 64
STEPS = [0, 1, 2, 5, 10, 20, 40, 60, 80, 100, 140, 200, 280, 400, 560, 800]


def trials():
    pulses = torch.sign(torch.randn(TIMES, TRIALS, CHANNELS)) * (
        torch.rand(TIMES, TRIALS, CHANNELS) < 0.15
    )
    held = torch.zeros(TRIALS, CHANNELS)
    targets = []
    for pulse in pulses:
        held = torch.where(pulse == 0, held, pulse)
        targets.append(held)
    return pulses, torch.stack(targets)


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    lstm = torch.nn.LSTM(CHANNELS, NEURONS)
    readout = torch.nn.Linear(NEURONS, CHANNELS)
    parameters = [*lstm.parameters(), *readout.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=3e-3)
    weights = []
    for step in range(STEPS[-1] + 1):
        inputs, targets = trials()
        loss = ((readout(lstm(inputs)[0]) - targets) ** 2).mean()
        if step in STEPS:
            weights.append(lstm.weight_hh_l0.detach().numpy().copy())
            print(step, loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(TARGET, **{"rnn.weight_hh_l0": np.stack(weights), "steps": np.array(STEPS)})


if __name__ == "__main__":
    main()
