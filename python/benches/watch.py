"""What watching costs: training steps of a recurrent network of 256 units, with and without.

    python python/benches/watch.py

Steps with and without `watch` take turns in blocks, on one thread, and the time of the processor is
taken, so that what else the machine does falls on neither.
"""

import statistics
import time

import torch

import rankproof

UNITS, INPUTS, BATCH, TIME = 256, 16, 32, 50
STEPS, BLOCKS = 40, 7


class Network(torch.nn.Module):
    """An RNN between two linear layers."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.encoder = torch.nn.Linear(INPUTS, UNITS)
        self.rnn = getattr(torch.nn, kind)(UNITS, UNITS)
        self.readout = torch.nn.Linear(UNITS, INPUTS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.readout(self.rnn(self.encoder(x))[0])


def seconds(model: torch.nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor) -> float:
    """The time of the processor for a step, on average over a block."""
    begin = time.process_time()
    for _ in range(STEPS):
        optimizer.zero_grad()
        (model(x) - x).square().mean().backward()
        optimizer.step()
    return (time.process_time() - begin) / STEPS


def main() -> None:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread; batch {BATCH}, {TIME} time steps")
    for kind in ("RNN", "LSTM"):
        model = Network(kind)
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)
        x = torch.randn(TIME, BATCH, INPUTS)
        seconds(model, optimizer, x)
        for every, activity in ((10, True), (10, False), (1, True), (1, False)):
            plain, watched = [], []
            for _ in range(BLOCKS):
                plain.append(seconds(model, optimizer, x))
                with rankproof.watch(model, every, activity=activity):
                    watched.append(seconds(model, optimizer, x))
            before, after = statistics.median(plain), statistics.median(watched)
            what = "weights and activity" if activity else "weights alone"
            print(
                f"{kind:4}  every {every:2}, {what:20}: a step takes {1e3 * before:.1f} ms, "
                f"watched {1e3 * after:.1f} ms, {100 * (after / before - 1):+.1f} %"
            )


if __name__ == "__main__":
    main()
