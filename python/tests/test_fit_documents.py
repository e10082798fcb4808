"""What README and docstrings show runs as it is written."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from rankproof import _cross_validation, _estimator

README = Path(__file__).parent.parent / "README.md"


@pytest.mark.filterwarnings("ignore::rankproof.NotConverged")
def test_the_section_on_fits() -> None:
    section = README.read_text(encoding="utf-8").split("## Fits", 1)[1]
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        exec(block, names)
    assert names["found"].rank == 2  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore::rankproof.NotConverged")
@pytest.mark.parametrize("module", [_cross_validation, _estimator])
def test_the_examples_of_docstrings(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0 and result.failed == 0
