"""Many questions to a file system: one after the other while it answers at once, in threads when it is slow.

Imports nothing of the project.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_THREADS = 8

SLOW_LISTING = 0.005
"""Seconds for listing a folder above which its disk is considered slow: it does not answer from memory."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def parallel_map(ask: Callable[[Item], Answer], items: Iterable[Item], slow: float) -> Iterator[Answer]:
    """`map(ask, items)`, in threads where that is quicker.

    What is in memory is answered in microseconds, and threads would only wait for each other; a network disk takes
    milliseconds, and threads wait at the same time.

    Args:
        ask: asks the file system, and nothing else that takes time.
        items: what to ask it about.
        slow: seconds for one item; once one takes longer, the rest is asked in threads.

    Yields:
        The answers, in the order of `items`.
    """
    left = iter(items)
    for item in left:
        began = time.perf_counter()
        answer = ask(item)
        took = time.perf_counter() - began
        yield answer
        if took > slow:
            break
    with ThreadPoolExecutor(_THREADS) as threads:
        yield from threads.map(ask, left)
