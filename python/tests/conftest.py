"""What the tests share."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest

from rankproof import _child

# Whoever starts tests in the background may have interrupts ignored, by them and what they start; the
# tests of interrupts send some.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def command_line(tmp_path):
    """The JSON that ``rankproof rank`` writes of files, as text."""

    def rank(*arguments):
        out = tmp_path / "answer.json"
        _child.run(["rank", *map(str, arguments), f"--json={out}"])
        return out.read_text().rstrip("\n")

    return rank


@pytest.fixture
def saved(tmp_path):
    """Writes an array and returns the path."""

    def save(array, name="weights.npy") -> Path:
        path = tmp_path / name
        np.save(path, array)
        return path

    return save


def walk(steps=6, rows=9, columns=7, seed=1, dtype=np.float64):
    """Weights that move in few dimensions and a little in all."""
    random = np.random.default_rng(seed)
    start = random.normal(size=(rows, columns))
    left, right = random.normal(size=(rows, 2)), random.normal(size=(2, columns))
    courses = np.cumsum(random.normal(size=(steps, 2)), axis=0)
    moved = [start + (left * course) @ right for course in courses]
    moved = np.array([start, *moved]) + 1e-3 * random.normal(size=(steps + 1, rows, columns))
    return moved.astype(dtype)


def same(report, text):
    """True if a report is what the command line wrote, to the last bit."""
    return report.to_json() == text and report.to_dict() == json.loads(text)
