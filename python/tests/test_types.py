"""Stubs and annotations, as mypy sees them."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="there is no mypy")

HERE = Path(__file__).parent


def test_a_program_has_the_types_that_the_package_says(tmp_path):
    program = (HERE / "typed.py").read_text()
    # `assert_type` is of Python 3.11.
    (tmp_path / "typed.py").write_text(program.replace("from typing", "from typing_extensions"))
    flags = ["--config-file", str(HERE.parent / "pyproject.toml"), "--cache-dir", "cache"]
    found = subprocess.run(
        [sys.executable, "-m", "mypy", *flags, str(tmp_path / "typed.py")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert found.returncode == 0, found.stdout


def test_the_stubs_of_the_compiled_half_are_what_it_has(tmp_path):
    found = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "rankproof._native"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert found.returncode == 0, found.stdout
