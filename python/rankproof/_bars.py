"""Progress bars, where tqdm is there and somebody sees them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Bar(Protocol):
    """What is used of a bar of tqdm."""

    def update(self, n: int = 1) -> Any: ...
    def set_postfix_str(self, s: str = "") -> Any: ...


class _Nothing:
    def update(self, n: int = 1) -> None: ...
    def set_postfix_str(self, s: str = "") -> None: ...


@contextmanager
def bar(total: int, description: str, wanted: bool | None) -> Iterator[Bar]:
    """A bar, if it is wanted; ``None`` is to say on a terminal or in a notebook."""
    if wanted is None:
        wanted = "ipykernel" in sys.modules or sys.stderr.isatty()
    if not wanted:
        yield _Nothing()
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        yield _Nothing()
        return
    with tqdm(total=total, desc=description, leave=False) as shown:
        yield shown
