"""What the documents show runs as it is written."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="there is no torch")

ROOT = Path(__file__).parents[2]


def run(code, **names):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), names)
    return out.getvalue()


def test_the_lines_of_the_project_give_an_answer():
    section = (ROOT / "README.md").read_text().split("## From Python\n")[1].split("\n## ")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    assert lines[0] == "import rankproof, torch" and lines[-1] == "print(learning.report())"
    told = run("\n".join(lines))
    assert "weight_hh_l0[o]" in told and "Steps by Adam" in told


def test_the_blocks_of_the_package_run():
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "python/README.md").read_text(), re.S)
    assert len(blocks) >= 4
    names = {"weights": np.eye(6), "W": np.arange(5)[:, None, None] * np.eye(6)}
    import rankproof

    for block in blocks:
        run(block, rankproof=rankproof, **names)
