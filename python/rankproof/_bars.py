"""Bars of progress of fits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rankproof._rank import _bars


class Bar(Protocol):
    """What is used of a bar of tqdm."""

    def update(self, n: int = 1) -> Any: ...
    def set_postfix_str(self, s: str = "") -> Any: ...


class _Nothing:
    def update(self, n: int = 1) -> None: ...
    def set_postfix_str(self, s: str = "") -> None: ...


@contextmanager
def bar(total: int, description: str, wanted: bool | None) -> Iterator[Bar]:
    """A bar from the second second on; where somebody sees it, if `wanted` is ``None``."""
    kind = None if wanted is False else _bars()
    if kind is None and wanted:
        kind = _of_text()
    if kind is None:
        yield _Nothing()
        return
    with kind(total=total, desc=description, leave=False, delay=1.0) as shown:
        yield shown


def _of_text() -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm
