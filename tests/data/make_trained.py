#!/usr/bin/env python3
"""Weights while networks learn, by PyTorch, Keras and JAX, in the formats that these write.

    python tests/data/make_trained.py            # writes trained/ next to this script

PyTorch: an RNN, an LSTM and a GRU of `torch.nn` with 6 neurons, 3 inputs and 2 outputs learn to give
back the mean of their inputs, by SGD, Adam and Muon, at 40 uneven steps.  Muon is that of
`torch.optim` for the matrices and Adam for the rest.  One run is saved as a folder of .pt, one of
.safetensors, all others as one .npz of arrays (step, row, column).  In `_bf16` the network itself is
bfloat16.  `sharded` has three steps of one run, each a folder with two .safetensors and their index,
as large models have them.

Keras: an LSTM of 5 units by Adam, saved by `save_weights` after each of 4 epochs.  JAX: a tanh RNN by
gradient descent.
"""

import json
import os
import pathlib
import shutil

import ml_dtypes
import numpy as np
import safetensors.torch
import torch

os.environ["KERAS_BACKEND"] = "torch"

FOLDER = pathlib.Path(__file__).resolve().parent / "trained"
NEURONS, INPUTS, OUTPUTS, TIMES, TRIALS = 6, 3, 2, 8, 16
# 0 to 10 one by one, then ever farther apart: 40 steps.
STEPS = sorted({*range(11), *(round(10 * 1.13**k) for k in range(60))})[:40]


class Network(torch.nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.rnn = getattr(torch.nn, kind)(INPUTS, NEURONS)
        self.readout = torch.nn.Linear(NEURONS, OUTPUTS)

    def forward(self, inputs):
        return self.readout(self.rnn(inputs)[0])


def optimizers(network, rule):
    matrices = [p for p in network.parameters() if p.ndim == 2]
    others = [p for p in network.parameters() if p.ndim != 2]
    if rule == "sgd":
        return [torch.optim.SGD(network.parameters(), lr=0.3)]
    if rule == "adam":
        return [torch.optim.Adam(network.parameters(), lr=0.01)]
    return [torch.optim.Muon(matrices, lr=0.02, weight_decay=0.0), torch.optim.Adam(others, lr=0.01)]


def train(kind, rule, dtype, steps=STEPS):
    """The state of the network at each of the steps."""
    torch.manual_seed(1)
    network = Network(kind).to(dtype)
    inputs = torch.randn(TIMES, TRIALS, INPUTS)
    targets = (inputs.cumsum(0)[..., :OUTPUTS] / TIMES).to(dtype)
    inputs = inputs.to(dtype)
    rules = optimizers(network, rule)
    for step in range(steps[-1] + 1):
        if step in steps:
            yield step, {n: p.detach().clone() for n, p in network.state_dict().items()}
        for each in rules:
            each.zero_grad()
        ((network(inputs) - targets) ** 2).mean().backward()
        for each in rules:
            each.step()


def numpy(tensor):
    if tensor.dtype == torch.bfloat16:
        return tensor.float().numpy().astype(ml_dtypes.bfloat16)
    return tensor.numpy()


def save_npz(name, states):
    states = [state for _, state in states]
    arrays = {n: np.stack([numpy(s[n]) for s in states]) for n in states[0] if n.startswith("rnn.w")}
    np.savez(FOLDER / f"{name}.npz", **arrays)


def save_folder(name, states, save, end):
    (FOLDER / name).mkdir()
    for step, state in states:
        save(state, FOLDER / name / f"step_{step}{end}")


def save_sharded(states):
    for step, state in states:
        folder = FOLDER / "sharded" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        names = sorted(state)
        weight_map = {}
        for shard, part in enumerate((names[::2], names[1::2]), start=1):
            file = f"model-{shard:05}-of-00002.safetensors"
            safetensors.torch.save_file({n: state[n] for n in part}, folder / file)
            weight_map |= {n: file for n in part}
        size = sum(p.numel() * p.element_size() for p in state.values())
        index = {"metadata": {"total_size": size}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")


def keras_lstm():
    import keras

    keras.utils.set_random_seed(1)
    layers = [keras.Input((TIMES, INPUTS)), keras.layers.LSTM(5, name="lstm"), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    inputs = np.random.default_rng(0).standard_normal((TRIALS, TIMES, INPUTS)).astype("float32")
    targets = inputs.mean(axis=1)[:, :OUTPUTS]
    (FOLDER / "keras").mkdir()
    for epoch in range(4):
        model.save_weights(FOLDER / "keras" / f"epoch_{epoch}.weights.h5")
        model.fit(inputs, targets, batch_size=4, epochs=1, verbose=0)


def jax_rnn():
    import jax
    import jax.numpy as jnp

    keys = jax.random.split(jax.random.PRNGKey(0), 4)
    W = jax.random.normal(keys[0], (NEURONS, NEURONS)) / NEURONS**0.5
    B = jax.random.normal(keys[1], (NEURONS, INPUTS))
    C = jax.random.normal(keys[2], (OUTPUTS, NEURONS)) / NEURONS**0.5
    inputs = jax.random.normal(keys[3], (TIMES, INPUTS, TRIALS))
    targets = jnp.cumsum(inputs, axis=0)[:, :OUTPUTS] / TIMES

    def loss(W):
        step = lambda h, u: ((h := jnp.tanh(W @ h + B @ u)), C @ h)
        outputs = jax.lax.scan(step, jnp.zeros((NEURONS, TRIALS)), inputs)[1]
        return jnp.mean((outputs - targets) ** 2)

    gradient = jax.jit(jax.grad(loss))
    history = [W]
    for _ in range(30):
        history.append(history[-1] - 0.2 * gradient(history[-1]))
    np.savez(FOLDER / "jax_rnn.npz", W=np.stack(history), B=B, C=C)


if __name__ == "__main__":
    torch.set_num_threads(1)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    f32, bf16 = torch.float32, torch.bfloat16
    for kind in ("RNN", "LSTM", "GRU"):
        for rule in ("sgd", "adam", "muon"):
            if (kind, rule) != ("LSTM", "adam"):
                save_npz(f"{kind.lower()}_{rule}", train(kind, rule, f32))
    for kind, rule in (("RNN", "sgd"), ("LSTM", "adam")):
        save_npz(f"{kind.lower()}_{rule}_bf16", train(kind, rule, bf16))
    save_folder("lstm_adam", train("LSTM", "adam", f32), torch.save, ".pt")
    save_folder("gru_muon_bf16", train("GRU", "muon", bf16), safetensors.torch.save_file, ".safetensors")
    save_sharded(train("GRU", "adam", bf16, [0, 50, 100]))
    keras_lstm()
    jax_rnn()
