"""Many requests to a file system: one after the other while it is fast, in threads when it is slow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_THREADS = 8

SLOW_LISTING = 0.005
"""Seconds for listing a folder above which its disk counts as slow: it does not answer from memory."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def parallel_map(ask: Callable[[Item], Answer], items: Iterable[Item], slow: float) -> Iterator[Answer]:
    """`map(ask, items)`, in threads where that is quicker.

    What is cached in memory is answered in microseconds, and threads would only wait for the GIL; a network disk takes
    milliseconds, for which threads wait concurrently.

    Args:
        ask: a request to the file system, and nothing else that takes time.
        items: the arguments of the requests.
        slow: seconds for one item; once one takes longer, the others are run in threads.

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
