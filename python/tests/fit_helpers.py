"""What the tests of fits share: small recordings, and the command line beside the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt


def command(*arguments: object, cwd: Path | None = None) -> str:
    """What the command line prints."""
    words = [str(argument) for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "rankproof", *words], capture_output=True, text=True, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def simulated(folder: Path, *options: str) -> Path:
    """A small recording of a network whose weights change."""
    path = folder / "rec.npz"
    sizes = ["--neurons=8", "--units=10", "--trials=24", "--bins=8", "--rank=2", "--conditions=3"]
    command("simulate", *sizes, "--noise=0.2", *options, "--out", path)
    return path


def oscillation(trials: int = 24, bins: int = 8, neurons: int = 6) -> npt.NDArray[np.float64]:
    """(trials, time, neurons), growing over trials."""
    k, t, n = np.ogrid[:trials, :bins, :neurons]
    return np.cos(0.4 * t + n) * (1 + k / 20)
